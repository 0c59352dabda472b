// Repeats what is worth repeating; gives the data, or throws the error's code.
async function call(method, path, body, attempts = 6) {
  let pause = 1;
  for (let attempt = 1; ; attempt += 1) {
    let error;
    try {
      const res = await fetch(`https://shop.example/api/v1${path}`, {
        method,
        headers: { Authorization: 'Bearer nx_test_xxx', 'Content-Type': 'application/json' },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      const answer = await res.json();
      if (answer.success) return answer.data;
      error = answer.error;
    } catch {
      error = { code: 'no_answer', retryable: true };
    }
    if (!error.retryable || attempt === attempts) throw new Error(error.code);
    const seconds = error.retryAfter ?? pause;
    await new Promise((done) => setTimeout(done, seconds * 1000));
    pause = Math.min(pause * 2, 30);
  }
}

const order = await call('POST', '/order', {
  service: 'whatsapp',
  country: 'id',
  idempotencyKey: 'customer-7-signup',
});
console.log(order.orderId, order.phoneNumber);
