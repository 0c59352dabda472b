"""The pages about money: the wallet, and topping it up."""
