<?php
// WEBHOOK_SECRET=whsec_... php -S 127.0.0.1:8080 receiver.php
const TOLERANCE = 5 * 60; // seconds

$secret = base64_decode(substr(getenv('WEBHOOK_SECRET'), strlen('whsec_')));
$body = file_get_contents('php://input');
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';

$expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $secret, true));
$genuine = false;
foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
  $genuine = $genuine || hash_equals($expected, $given);
}
$fresh = ctype_digit($timestamp) && abs(time() - (int) $timestamp) <= TOLERANCE;

if (!$genuine || !$fresh) {
  http_response_code(400);
  exit;
}
http_response_code(204);
$event = json_decode($body, true);
error_log($event['type'] . ' ' . ($event['data']['orderId'] ?? ''));
