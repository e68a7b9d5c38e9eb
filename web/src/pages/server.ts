// GET /v1/status, for operators.
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
}
