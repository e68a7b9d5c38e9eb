// What went wrong, in the user's language. Codes are the admin API's closed list; one that this
// console does not know yet is shown with the server's own sentence.
import { ApiCancelled, ApiOffline, ApiProblem, ApiUnreadable } from './api';
import { plural, texts } from './i18n.svelte';

export const problems = texts({
  'pt-BR': {
    invalid_request: 'Há um valor que o servidor não aceita.',
    invalid_network: 'Isto não é um endereço IP nem uma rede.',
    invalid_token_text: 'Este texto não pode ser um token.',
    unauthenticated: 'Sua sessão terminou. Entre de novo.',
    forbidden: 'Você não tem permissão para isto.',
    origin_refused: 'O servidor não aceita chamadas desta página. O endereço dela precisa estar em [console] public_url.',
    csrf_refused: 'O servidor não reconheceu esta página. Recarregue-a e tente de novo.',
    https_required: 'O painel só funciona por https.',
    no_such_route: 'O servidor não conhece este recurso.',
    account_not_found: 'Esta conta não existe.',
    instance_not_found: 'Esta instância não existe.',
    token_not_found: 'A conta não tem este token.',
    user_not_found: 'Este usuário não existe.',
    session_not_found: 'Esta sessão já terminou.',
    link_invalid: 'Este link já foi usado ou venceu.',
    account_exists: 'Este identificador já está em uso.',
    instance_exists: 'Este identificador já está em uso.',
    user_exists: 'Já existe um usuário com este e-mail. O operador pode incluí-lo na conta.',
    account_owns_instances: 'A conta ainda tem instâncias.',
    no_token: 'A conta ainda não tem um token.',
    token_exists: 'A conta já tem um token atual.',
    no_rotation: 'Não há troca de token em andamento.',
    rotation_under_way: 'Já há uma troca de token em andamento.',
    retiring_not_over: 'O token antigo da última troca ainda é aceito.',
    no_current: 'A conta não tem um token atual.',
    would_cut_off: 'Os programas que usam o token atual seriam recusados na hora.',
    would_lock: 'Não restaria nenhum token válido e todas as chamadas seriam recusadas.',
    would_open: 'O que a conta protege ficaria aberto.',
    confirmation_required: 'Isto precisa de confirmação.',
    weak_token: 'Este token pode ser adivinhado.',
    token_reused: 'A conta tem ou já teve este token.',
    token_is_instance_token: 'O token de segurança e o token da instância precisam ser diferentes.',
    ip_list_full: 'A lista aceita no máximo 1.000 linhas.',
    last_owner: 'A conta precisa de pelo menos um titular.',
    two_factor_is_on: 'A autenticação de dois fatores já está ativa.',
    two_factor_is_off: 'A autenticação de dois fatores não está ativa.',
    revision_conflict: 'A conta mudou enquanto você decidia. Veja o estado atual e tente de novo.',
    wrong_credentials: 'E-mail ou senha incorretos.',
    two_factor_required: 'Informe o código do seu autenticador.',
    wrong_code: 'Código incorreto ou já usado.',
    weak_password: 'Esta senha não serve: é curta, longa ou comum demais.',
    reauthentication_required: 'Confirme sua senha para continuar.',
    too_many_failures: 'Muitas tentativas sem sucesso.',
    busy: 'O servidor está ocupado. Tente de novo em instantes.',
    store_unavailable: 'O servidor não consegue gravar agora. Nada foi alterado.',
    internal: 'O servidor falhou.',
    offline: 'Sem conexão com o servidor. Não se sabe se a alteração chegou: confira antes de repetir.',
    unreadable: 'O servidor respondeu algo que o painel não entende.',
    unexpected: 'Algo deu errado no painel.',
    wait: (seconds: number) => `Espere ${plural(seconds, { one: 'segundo', other: 'segundos' })} e tente de novo.`,
    request: (id: string) => `Pedido ${id}`,
  },
  en: {
    invalid_request: 'There is a value that the server does not accept.',
    invalid_network: 'That is neither an IP address nor a network.',
    invalid_token_text: 'That text cannot be a token.',
    unauthenticated: 'Your session ended. Sign in again.',
    forbidden: 'You are not allowed to do that.',
    origin_refused: 'The server refuses calls from this page. Its address must be in [console] public_url.',
    csrf_refused: 'The server did not recognise this page. Reload it and try again.',
    https_required: 'The console works over https only.',
    no_such_route: 'The server knows no such resource.',
    account_not_found: 'There is no such account.',
    instance_not_found: 'There is no such instance.',
    token_not_found: 'The account has no such token.',
    user_not_found: 'There is no such user.',
    session_not_found: 'That session is over already.',
    link_invalid: 'This link was used already or has expired.',
    account_exists: 'This id is taken.',
    instance_exists: 'This id is taken.',
    user_exists: 'There is a user with this e-mail already. The operator can add it to the account.',
    account_owns_instances: 'The account still owns instances.',
    no_token: 'The account has no token yet.',
    token_exists: 'The account already has a current token.',
    no_rotation: 'No rotation is under way.',
    rotation_under_way: 'A rotation is under way already.',
    retiring_not_over: 'The old token of the last rotation is still accepted.',
    no_current: 'The account has no current token.',
    would_cut_off: 'Programs with the current token would be refused at once.',
    would_lock: 'No live token would remain and every call would be refused.',
    would_open: 'What the account protects would be open.',
    confirmation_required: 'This needs a confirmation.',
    weak_token: 'This token can be guessed.',
    token_reused: 'The account has or had this token.',
    token_is_instance_token: 'The security token and the instance token must differ.',
    ip_list_full: 'The list takes at most 1,000 lines.',
    last_owner: 'The account needs at least one owner.',
    two_factor_is_on: 'Two-factor authentication is on already.',
    two_factor_is_off: 'Two-factor authentication is off.',
    revision_conflict: 'The account changed while you decided. Look at its state and try again.',
    wrong_credentials: 'Wrong e-mail or password.',
    two_factor_required: 'Enter the code of your authenticator.',
    wrong_code: 'Wrong code, or used before.',
    weak_password: 'This password will not do: it is too short, too long or too common.',
    reauthentication_required: 'Confirm your password to go on.',
    too_many_failures: 'Too many failed attempts.',
    busy: 'The server is busy. Try again in a moment.',
    store_unavailable: 'The server cannot write now. Nothing was changed.',
    internal: 'The server failed.',
    offline: 'No connection to the server. Whether the change arrived is not known: check before you repeat it.',
    unreadable: 'The server answered something that the console does not understand.',
    unexpected: 'Something went wrong in the console.',
    wait: (seconds: number) => `Wait ${plural(seconds, { one: 'second', other: 'seconds' })} and try again.`,
    request: (id: string) => `Request ${id}`,
  },
  es: {
    invalid_request: 'Hay un valor que el servidor no acepta.',
    invalid_network: 'Esto no es una dirección IP ni una red.',
    invalid_token_text: 'Este texto no puede ser un token.',
    unauthenticated: 'Su sesión terminó. Ingrese de nuevo.',
    forbidden: 'No tiene permiso para esto.',
    origin_refused: 'El servidor no acepta llamadas de esta página. Su dirección debe estar en [console] public_url.',
    csrf_refused: 'El servidor no reconoció esta página. Recárguela e intente de nuevo.',
    https_required: 'El panel solo funciona por https.',
    no_such_route: 'El servidor no conoce este recurso.',
    account_not_found: 'Esta cuenta no existe.',
    instance_not_found: 'Esta instancia no existe.',
    token_not_found: 'La cuenta no tiene este token.',
    user_not_found: 'Este usuario no existe.',
    session_not_found: 'Esta sesión ya terminó.',
    link_invalid: 'Este enlace ya fue usado o venció.',
    account_exists: 'Este identificador ya está en uso.',
    instance_exists: 'Este identificador ya está en uso.',
    user_exists: 'Ya existe un usuario con este correo. El operador puede añadirlo a la cuenta.',
    account_owns_instances: 'La cuenta todavía tiene instancias.',
    no_token: 'La cuenta todavía no tiene un token.',
    token_exists: 'La cuenta ya tiene un token actual.',
    no_rotation: 'No hay una rotación en curso.',
    rotation_under_way: 'Ya hay una rotación en curso.',
    retiring_not_over: 'El token antiguo de la última rotación todavía se acepta.',
    no_current: 'La cuenta no tiene un token actual.',
    would_cut_off: 'Los programas con el token actual serían rechazados de inmediato.',
    would_lock: 'No quedaría ningún token válido y todas las llamadas serían rechazadas.',
    would_open: 'Lo que la cuenta protege quedaría abierto.',
    confirmation_required: 'Esto necesita confirmación.',
    weak_token: 'Este token se puede adivinar.',
    token_reused: 'La cuenta tiene o ya tuvo este token.',
    token_is_instance_token: 'El token de seguridad y el token de la instancia deben ser distintos.',
    ip_list_full: 'La lista acepta como máximo 1.000 líneas.',
    last_owner: 'La cuenta necesita al menos un titular.',
    two_factor_is_on: 'La autenticación de dos factores ya está activa.',
    two_factor_is_off: 'La autenticación de dos factores no está activa.',
    revision_conflict: 'La cuenta cambió mientras decidía. Vea el estado actual e intente de nuevo.',
    wrong_credentials: 'Correo o contraseña incorrectos.',
    two_factor_required: 'Ingrese el código de su autenticador.',
    wrong_code: 'Código incorrecto o ya usado.',
    weak_password: 'Esta contraseña no sirve: es demasiado corta, larga o común.',
    reauthentication_required: 'Confirme su contraseña para continuar.',
    too_many_failures: 'Demasiados intentos fallidos.',
    busy: 'El servidor está ocupado. Intente de nuevo en un momento.',
    store_unavailable: 'El servidor no puede guardar ahora. No se cambió nada.',
    internal: 'El servidor falló.',
    offline: 'Sin conexión con el servidor. No se sabe si el cambio llegó: verifique antes de repetirlo.',
    unreadable: 'El servidor respondió algo que el panel no entiende.',
    unexpected: 'Algo salió mal en el panel.',
    wait: (seconds: number) => `Espere ${plural(seconds, { one: 'segundo', other: 'segundos' })} e intente de nuevo.`,
    request: (id: string) => `Solicitud ${id}`,
  },
});

type Code = Exclude<keyof ReturnType<typeof problems>, 'wait' | 'request'>;

function known(code: string): code is Code {
  return code in problems() && code !== 'wait' && code !== 'request';
}

// One or two sentences for a banner; '' for what the user did on purpose (closed the password
// dialog, left the page).
export function problemText(error: unknown): string {
  const t = problems();
  if (error instanceof ApiCancelled) return '';
  if (error instanceof DOMException && error.name === 'AbortError') return '';
  if (error instanceof ApiOffline) return t.offline;
  if (error instanceof ApiUnreadable) return t.unreadable;
  if (!(error instanceof ApiProblem)) return t.unexpected;
  const base = known(error.code) ? t[error.code] : error.message;
  if (error.retryAfterS > 0) return `${base} ${t.wait(error.retryAfterS)}`;
  if (error.code === 'internal' && error.body.request_id) return `${base} ${t.request(error.body.request_id)}`;
  return base;
}

// The problem's text when it is about this member, for the message beside the field; else ''.
export function memberError(error: unknown, member: string): string {
  return error instanceof ApiProblem && error.member === member ? problemText(error) : '';
}

export const isCode = (error: unknown, ...codes: string[]): error is ApiProblem =>
  error instanceof ApiProblem && codes.includes(error.code);
