const shop = 'https://shop.example/api/v1';

async function call(method, path, body) {
  const res = await fetch(shop + path, {
    method,
    headers: { Authorization: 'Bearer nx_test_xxx', 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await res.json();
  if (!answer.success) throw new Error(answer.error.code);
  return answer.data;
}

let order = await call('POST', '/order', {
  service: 'whatsapp',
  country: 'id',
  idempotencyKey: `first-${Date.now()}`,
});
console.log(order.phoneNumber);

while (order.status === 'waiting') {
  await new Promise((done) => setTimeout(done, 3000));
  order = await call('GET', `/order/${order.orderId}`);
}
console.log(order.status, order.otp);
