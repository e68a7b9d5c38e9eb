// GET /v1/status, for operators. The counts of traffic are there when the server keeps them.
export interface ServerStatus {
  version: string;
  revision: number;
  in_force: number;
  started_at: string;
  now: string;
  accounts: number;
  instances: number;
  receipts_pending: number;
  unknown_instance: 'allow' | 'deny';
  traffic_24h?: { requests: number; accepted: number; denied: number };
}
