"""What the shop offers: services, countries, suppliers' offers and the rules that price them."""
