shop="https://shop.example/api/v1"
key="Authorization: Bearer nx_test_xxx"

order=$(curl -s -X POST "$shop/order" -H "$key" \
  -H "Content-Type: application/json" \
  -d '{"service":"whatsapp","country":"id","idempotencyKey":"'"first-$(date +%s)"'"}')
id=$(printf %s "$order" | grep -o '"orderId":"[^"]*"' | cut -d '"' -f 4)

while [ -n "$id" ] && sleep 3; do
  order=$(curl -s "$shop/order/$id" -H "$key")
  case $order in *'"status":"waiting"'*) ;; *) break ;; esac
done
printf '%s\n' "$order"
