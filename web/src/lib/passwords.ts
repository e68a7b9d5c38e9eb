// The rules for passwords as the page can check them while somebody types; the server knows more
// (a list of common ones) and names the rule in `why` of weak_password.
import { ApiProblem } from './api';
import { texts } from './i18n.svelte';
import { problemText } from './problems';

export const kCharactersMin = 8;
export const kCharactersMax = 128;

export const passwords = texts({
  'pt-BR': {
    length: `De ${kCharactersMin} a ${kCharactersMax} caracteres, quaisquer que sejam`,
    notEmail: 'Não é o seu e-mail nem parte dele',
    unlike: 'Não é uma senha comum, uma repetição nem uma sequência',
    met: 'cumprido', unmet: 'ainda não',
    too_short: 'A senha precisa de pelo menos 8 caracteres.', too_long: 'A senha pode ter no máximo 128 caracteres.',
    repeated: 'A senha só repete os mesmos caracteres.', sequence: 'A senha é só uma sequência do teclado ou do alfabeto.',
    common: 'Esta senha é uma das mais usadas: é a primeira que um invasor tenta.', email: 'A senha não pode ser o seu e-mail nem parte dele.',
    same: 'A nova senha é igual à atual.', not_text: 'A senha tem um caractere que não pode ser lido.',
  },
  en: {
    length: `${kCharactersMin} to ${kCharactersMax} characters, whichever you like`,
    notEmail: 'Neither your e-mail nor a part of it',
    unlike: 'No common password, repetition or sequence',
    met: 'met', unmet: 'not yet',
    too_short: 'The password needs at least 8 characters.', too_long: 'The password may have at most 128 characters.',
    repeated: 'The password only repeats the same characters.', sequence: 'The password is only a row of the keyboard or the alphabet.',
    common: 'This password is one of the most used: the first that an intruder tries.', email: 'The password cannot be your e-mail or a part of it.',
    same: 'The new password is the same as the present one.', not_text: 'The password has a character that cannot be read.',
  },
  es: {
    length: `De ${kCharactersMin} a ${kCharactersMax} caracteres, los que quiera`,
    notEmail: 'No es su correo ni parte de él',
    unlike: 'No es una contraseña común, una repetición ni una secuencia',
    met: 'cumplido', unmet: 'todavía no',
    too_short: 'La contraseña necesita al menos 8 caracteres.', too_long: 'La contraseña puede tener como máximo 128 caracteres.',
    repeated: 'La contraseña solo repite los mismos caracteres.', sequence: 'La contraseña es solo una secuencia del teclado o del alfabeto.',
    common: 'Esta contraseña es una de las más usadas: la primera que prueba un intruso.', email: 'La contraseña no puede ser su correo ni parte de él.',
    same: 'La nueva contraseña es igual a la actual.', not_text: 'La contraseña tiene un carácter que no se puede leer.',
  },
});

const kWhys = ['too_short', 'too_long', 'repeated', 'sequence', 'common', 'email', 'same', 'not_text'] as const;

// In characters as a person counts them, like the server: code points.
export const lengthOk = (password: string): boolean => {
  const characters = [...password].length;
  return characters >= kCharactersMin && characters <= kCharactersMax;
};
export function notEmail(password: string, email: string): boolean {
  const folded = password.trim().toLowerCase();
  const address = email.toLowerCase();
  return folded !== '' && folded !== address && folded !== address.split('@')[0] && folded !== address.split('@')[1];
}
// What is plain to see here; the server's list decides.
export function unlikeAll(password: string): boolean {
  const characters = [...password.toLowerCase()];
  if (new Set(characters).size <= 2) return false;
  const steps = characters.slice(1).map((c, i) => (c.codePointAt(0) ?? 0) - (characters[i]?.codePointAt(0) ?? 0));
  return !(steps.every((step) => step === 1) || steps.every((step) => step === -1));
}

export function passwordError(error: unknown): string {
  if (error instanceof ApiProblem && error.code === 'weak_password') {
    const why = kWhys.find((known) => known === error.body.why);
    if (why) return passwords()[why];
  }
  return problemText(error);
}
