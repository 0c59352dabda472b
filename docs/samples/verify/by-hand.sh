# The body, byte for byte as it came, lies in body.json; the rest is copied from the delivery.
secret=${WEBHOOK_SECRET:-whsec_...}
id=${WEBHOOK_ID:-evt_...}
timestamp=${WEBHOOK_TIMESTAMP:-1782108070}
signature=${WEBHOOK_SIGNATURE:-v1,...}

key=$(printf %s "${secret#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
expected=$({ printf '%s.%s.' "$id" "$timestamp"; cat body.json; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)

case " $signature " in
  *" v1,$expected "*) echo "genuine" ;;
  *) echo "not genuine, expected v1,$expected" ;;
esac
