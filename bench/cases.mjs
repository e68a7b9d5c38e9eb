// The traffic that is measured. Not every combination: these answer the budgets and draw the curves.
//   gates       in the order in which they take turns; "gate@upstream" has another upstream
//   connections kept alive; `inflight` of them have a request under way (all, if not given)
//   body, response  bytes of the request's and the response's body
//   rate        share of Guarita's own peak at which requests are due (open loop); none: as fast as it goes
//   seconds, rounds  factors on the run's
const kAll = ['guarita', 'haproxy_http', 'haproxy_tcp', 'nginx_map', 'nginx_auth_request'];
const kHttp = ['guarita', 'haproxy_http', 'nginx_map'];
const kDefaults = { gates: kAll, upstream: 'tcp', connections: 64, instances: 100_000, body: 120, response: 200, method: 'POST', token: 'right', status: 200, rounds: 1, seconds: 1 };

export const kTraffic = [
  { name: 'tcp_64', title: '64 connections' },
  { name: 'tcp_1000', title: '1,000 connections', connections: 1000, gates: kAll.slice(0, 4) },
  { name: 'tcp_10000', title: '10,000 connections, 256 requests under way', connections: 10_000, inflight: 256, gates: kHttp, rounds: 0.6 },
  { name: 'unix_64', title: '64 connections, Unix-socket upstream', upstream: 'unix', gates: ['guarita', 'haproxy_http', 'haproxy_tcp@tcp', 'nginx_map'] },
  { name: 'h2_64', title: '64 connections, HTTP/2 upstream', upstream: 'h2c', gates: ['guarita', 'haproxy_http', 'haproxy_tcp@tcp'] },
  { name: 'h2_1000', title: '1,000 connections, HTTP/2 upstream', upstream: 'h2c', connections: 1000, gates: ['guarita', 'haproxy_http', 'haproxy_tcp@tcp'] },
  { name: 'tls_64', title: '64 connections, TLS 1.3', tls: true, gates: kHttp, rounds: 0.6 },
  { name: 'body_64k', title: '64 connections, responses of 64 KiB', response: 64 * 1024, gates: kAll.slice(0, 4), rounds: 0.6 },
  { name: 'body_8m', title: '16 connections, responses of 8 MiB', response: 8 * 1024 * 1024, connections: 16, gates: kAll.slice(0, 4), rounds: 0.6 },
  { name: 'upload_8m', title: '16 connections, requests of 8 MiB', body: 8 * 1024 * 1024, connections: 16, gates: kAll.slice(0, 4), rounds: 0.6 },
  { name: 'denials', title: '64 connections, every token wrong', token: 'wrong', status: 403, method: 'GET', gates: ['guarita', 'haproxy_http', 'nginx_map', 'nginx_auth_request'], rounds: 0.6 },
  { name: 'instances_1k', title: '64 connections, 1,000 instances', instances: 1000, gates: kHttp, rounds: 0.6 },
  { name: 'instances_1m', title: '64 connections, 1,000,000 instances', instances: 1_000_000, gates: kHttp, rounds: 0.6 },
  { name: 'rate_70', title: '64 connections, 70 % of Guarita’s own peak, open loop', rate: 0.7, seconds: 2, gates: kAll.slice(0, 4) },
].map((spec) => ({ ...kDefaults, ...spec }));
