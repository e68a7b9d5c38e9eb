// The JSON of the admin API /v1, as the console reads it. Times are RFC 3339 texts.

export type Language = 'pt-BR' | 'en' | 'es';
export type Mode = 'unset' | 'monitor' | 'enforce' | 'locked';
export type Role = 'owner' | 'viewer';
export type LinkRight = 'view' | 'rotate' | 'activate';
export type Time = string;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

// ---- the console, sessions, oneself ------------------------------------------------------------

export interface ConsoleInfo {
  version: string;
  https_required: boolean;
  public_url: string;
  gate_url: string;
  token_header: string;
  // The first gated route whose instance is in the path, as configured.
  example_path?: string;
  token_storage?: 'digest' | 'encrypted';
  languages: Language[];
  demo: boolean;
}

export interface SessionUser {
  id: string;
  email: string;
  name: string;
  language: Language | '';
  operator: boolean;
  two_factor: boolean;
  recovery_codes_left: number;
  created_at: Time;
}

export interface SessionAccount {
  id: string;
  name: string;
  role: Role;
  mode: Mode;
}

export interface SessionLink {
  account: string;
  rights: LinkRight[];
  end_user: string;
}

export interface SessionBody {
  user: SessionUser | null;
  accounts: SessionAccount[];
  link: SessionLink | null;
  session: { id: string; expires_at: Time; idle_expires_at: Time; fresh_until: Time };
  csrf: string;
}

export interface SessionRow {
  id: string;
  current: boolean;
  created_at: Time;
  last_seen_at: Time;
  address: string;
  user_agent: string;
}

export interface LinkInspection {
  kind: 'invitation' | 'reset' | 'console';
  email: string;
  name: string;
  account: string | null;
  expires_at: Time;
}

export interface TwoFactorSetup {
  secret: string;
  uri: string;
  qr_svg: string;
}
export interface RecoveryCodes {
  recovery_codes: string[];
}

// ---- users and members -------------------------------------------------------------------------

export interface User {
  id: string;
  email: string;
  name: string;
  language: Language | '';
  operator: boolean;
  two_factor: boolean;
  memberships: { account: string; role: Role }[];
  has_password: boolean;
  created_at: Time;
  last_login_at: Time | null;
}
export type Member = User & { role: Role };

export interface OneTimeLink {
  url: string;
  expires_at: Time;
}
export interface Invited {
  user: User;
  link: OneTimeLink | null;
}

// ---- receipts, accounts, tokens ----------------------------------------------------------------

export interface Receipt {
  revision: number;
  changed: boolean;
  complete: boolean;
  in_force: { nodes: number; of: number; at: Time | null; ms: number | null; us: number | null };
  streams_closed: number;
}

export type TokenState = 'current' | 'next' | 'retiring' | 'revoked' | 'expired';

export interface Token {
  id: string;
  state: TokenState;
  hint: string;
  weak: boolean;
  created_at: Time;
  expires_at: Time | null;
  retires_at: Time | null;
  ended_at: Time | null;
  last_used_at: Time | null;
}

export interface Account {
  id: string;
  name: string;
  mode: Mode;
  enforce: boolean;
  tokens: Token[];
  ip_entries: number;
  revision: number;
  created_at: Time;
}
export interface AccountDone {
  account: Account;
  receipt: Receipt;
}
export interface AccountTokens {
  account: Account;
  items: Token[];
}
export interface TokenMade {
  account: Account;
  token: Token;
  secret: string;
  receipt: Receipt;
}
export interface Done {
  receipt: Receipt;
}

// ---- activation check --------------------------------------------------------------------------

export interface ClassCount {
  class: string;
  requests: number;
  refused: boolean;
  why?: string;
}
export interface PlaceCount {
  instance: string;
  class: string;
  requests: number;
}
export interface ActivationCheck {
  dry_run: true;
  account: string;
  mode: Mode;
  since: Time;
  until: Time;
  requests: number;
  accepted: number;
  refused: number;
  classes: ClassCount[];
  instances: PlaceCount[];
  problem: string | null;
  since_generation?: {
    since: Time;
    accepted: number;
    refused: number;
    classes: ClassCount[];
    places: PlaceCount[];
  } | null;
}

// ---- IP list -----------------------------------------------------------------------------------

export interface IpEntry {
  cidr: string;
  note: string;
}
export interface IpList {
  entries: IpEntry[];
  revision: number;
}
export interface IpListDone {
  ip_list: IpList;
  receipt: Receipt;
}
export interface ShutOut {
  address: string;
  last_seen_at: Time;
  requests: number;
}
export interface IpListCheck {
  dry_run: true;
  before: IpEntry[];
  after: IpEntry[];
  added: IpEntry[];
  removed: IpEntry[];
  needs_confirmation: boolean;
  shut_out: ShutOut[];
}

// ---- instances ---------------------------------------------------------------------------------

export interface Instance {
  id: string;
  account: string;
  name: string;
  upstream: string | null;
  has_instance_token: boolean;
  revision: number;
  created_at: Time;
  last_call_at?: Time | null;
  requests_24h?: number;
  mode?: Mode;
}
export interface InstanceDone {
  instance: Instance;
  receipt: Receipt;
}
export interface UnknownInstance {
  instance: string;
  first_seen: Time;
  last_seen: Time;
  requests: number;
}

// ---- traffic -----------------------------------------------------------------------------------

export type TrafficRange = 'hour' | 'day' | 'week';

export interface Traffic {
  range: TrafficRange;
  from: Time;
  until: Time;
  step_s: number;
  classes: string[];
  points: number[][];
  // by_class keeps the three valid classes apart, which `classes` counts as "accepted".
  totals: { requests: number; accepted: number; denied: number; by_class: Record<string, number> };
  last_request_at: Time | null;
}
export interface Denial {
  at: Time;
  // null: the call named none that is registered.
  instance: string | null;
  reason: string;
  class: string;
  address: string;
  user_agent: string;
  request_id: string;
}
export interface Denials {
  items: Denial[];
  since: Time;
}
export interface Caller {
  address: string;
  last_seen_at: Time;
  requests: number;
  accepted: number;
}
export interface Callers {
  items: Caller[];
  since: Time;
}

export interface TestAnswer {
  allow: boolean;
  reason: string;
  class: string;
  why: string;
  status: number;
  answer: string;
  upstream: string | null;
}
export interface TestResult {
  without: TestAnswer;
  with: TestAnswer | null;
}

// ---- audit, admin tokens -----------------------------------------------------------------------

export interface AuditRow {
  seq: number;
  revision: number;
  at: Time;
  verb: string;
  subject: string;
  detail: Record<string, unknown>;
  actor: { kind: string; name: string; request_id: string };
  personal: Record<string, string> | null;
  hash: string;
}
export interface AuditReport {
  ok: boolean;
  rows: number;
  head: { seq: number; hash: string };
  findings: { fault: string; seq: number; text: string }[];
}

export interface AdminToken {
  id: string;
  name: string;
  scope: string;
  created_at: Time;
  last_used_at: Time | null;
  revoked_at: Time | null;
}

// ---- server-sent events of GET /v1/accounts/{account}/events -----------------------------------

export interface AccountEvents {
  denial: Denial;
  traffic: { at: Time; classes: Record<string, number> };
  change: { revision: number; verb: string };
  // The reader was too slow and missed some: read again.
  lagging: Record<string, never>;
}

// ---- RFC 9457 ----------------------------------------------------------------------------------

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  remedy?: string;
  member?: string;
  suggestion?: string;
  // Of weak_password: which rule.
  why?: string;
  request_id?: string;
}
