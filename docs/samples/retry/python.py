import time

import requests


def call(method, path, body=None, attempts=6):
    """Repeat what is worth repeating; return the data, or raise the error's code."""
    pause = 1
    for attempt in range(attempts):
        try:
            res = requests.request(
                method,
                'https://shop.example/api/v1' + path,
                headers={'Authorization': 'Bearer nx_test_xxx'},
                json=body,
                timeout=30,
            )
            answer = res.json()
        except (requests.RequestException, ValueError):
            answer = {'success': False, 'error': {'code': 'no_answer', 'retryable': True}}
        if answer['success']:
            return answer['data']
        error = answer['error']
        if not error['retryable'] or attempt == attempts - 1:
            raise RuntimeError(error['code'])
        time.sleep(error.get('retryAfter', pause))
        pause = min(pause * 2, 30)


order = call('POST', '/order', {
    'service': 'whatsapp',
    'country': 'id',
    'idempotencyKey': 'customer-7-signup',
})
print(order['orderId'], order['phoneNumber'])
