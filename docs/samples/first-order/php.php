<?php
function call(string $method, string $path, ?array $body = null): array {
  $ch = curl_init('https://shop.example/api/v1' . $path);
  curl_setopt_array($ch, [
    CURLOPT_CUSTOMREQUEST => $method,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => [
      'Authorization: Bearer nx_test_xxx',
      'Content-Type: application/json'
    ]
  ]);
  if ($body !== null) {
    curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($body));
  }
  $answer = json_decode(curl_exec($ch), true);
  if (!$answer['success']) {
    throw new RuntimeException($answer['error']['code']);
  }
  return $answer['data'];
}

$order = call('POST', '/order', [
  'service' => 'whatsapp',
  'country' => 'id',
  'idempotencyKey' => 'first-' . hrtime(true)
]);
echo $order['phoneNumber'], "\n";

while ($order['status'] === 'waiting') {
  sleep(3);
  $order = call('GET', '/order/' . $order['orderId']);
}
echo $order['status'], ' ', $order['otp'], "\n";
