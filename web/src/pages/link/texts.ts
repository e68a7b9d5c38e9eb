import { texts } from '../../lib/i18n.svelte';

export const t = texts({
  'pt-BR': {
    invitation: 'Bem-vindo à Guarita', invitationLead: 'Crie sua senha para entrar. Depois você usa seu e-mail e esta senha.',
    reset: 'Criar uma nova senha', resetLead: 'A senha antiga deixa de valer e suas outras sessões são encerradas.',
    email: 'E-mail', password: 'Nova senha', submit: 'Criar senha e entrar', code: 'Código do autenticador',
    codeHint: 'Sua conta tem autenticação de dois fatores: seis dígitos ou um código de recuperação.',
    opening: 'Abrindo o link…', invalid: 'Este link não vale mais', invalidLead: 'Ele já foi usado, venceu ou foi copiado incompleto. Peça outro a quem o enviou.',
    toLogin: 'Ir para a entrada', expires: (at: string) => `O link vale até ${at}.`, failed: 'O link não abriu', account: (id: string) => `Conta ${id}`,
  },
  en: {
    invitation: 'Welcome to Guarita', invitationLead: 'Set your password to come in. From then on you use your e-mail and this password.',
    reset: 'Set a new password', resetLead: 'The old password stops working and your other sessions end.',
    email: 'E-mail', password: 'New password', submit: 'Set password and sign in', code: 'Authenticator code',
    codeHint: 'Your user has two-factor authentication: six digits or a recovery code.',
    opening: 'Opening the link…', invalid: 'This link is no longer good', invalidLead: 'It was used already, has expired or was copied in part. Ask whoever sent it for another one.',
    toLogin: 'Go to sign-in', expires: (at: string) => `The link is good until ${at}.`, failed: 'The link did not open', account: (id: string) => `Account ${id}`,
  },
  es: {
    invitation: 'Bienvenido a Guarita', invitationLead: 'Cree su contraseña para entrar. Después usará su correo y esta contraseña.',
    reset: 'Crear una nueva contraseña', resetLead: 'La contraseña antigua deja de valer y sus otras sesiones se cierran.',
    email: 'Correo electrónico', password: 'Nueva contraseña', submit: 'Crear contraseña e ingresar', code: 'Código del autenticador',
    codeHint: 'Su usuario tiene autenticación de dos factores: seis dígitos o un código de recuperación.',
    opening: 'Abriendo el enlace…', invalid: 'Este enlace ya no vale', invalidLead: 'Ya fue usado, venció o se copió incompleto. Pida otro a quien lo envió.',
    toLogin: 'Ir al ingreso', expires: (at: string) => `El enlace vale hasta ${at}.`, failed: 'El enlace no se abrió', account: (id: string) => `Cuenta ${id}`,
  },
});
