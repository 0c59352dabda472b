import time

import requests

SHOP = 'https://shop.example/api/v1'
HEADERS = {'Authorization': 'Bearer nx_test_xxx'}


def call(method, path, body=None):
    res = requests.request(method, SHOP + path, headers=HEADERS, json=body)
    answer = res.json()
    if not answer['success']:
        raise RuntimeError(answer['error']['code'])
    return answer['data']


order = call('POST', '/order', {
    'service': 'whatsapp',
    'country': 'id',
    'idempotencyKey': f'first-{time.time_ns()}',
})
print(order['phoneNumber'])

while order['status'] == 'waiting':
    time.sleep(3)
    order = call('GET', f"/order/{order['orderId']}")
print(order['status'], order['otp'])
