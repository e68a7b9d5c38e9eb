import type { WordTexts } from '../reasons';

export const en: WordTexts = {
  none: {
    title: 'Not checked',
    why: 'This route does not ask for the account token.',
    todo: '',
  },
  valid_current: {
    title: 'With the current token',
    why: 'The call carried the token of your account. All is well.',
    todo: '',
  },
  valid_next: {
    title: 'With the new token',
    why: 'The call already carries the new token of the rotation under way.',
    todo: '',
  },
  valid_retiring: {
    title: 'With the old token',
    why: 'The call still carries the old token, which is accepted only until the grace period ends.',
    todo: 'Put the new token into this program before the grace period is over.',
  },
  missing: {
    title: 'No token',
    why: 'The call came without the header Client-Token.',
    todo: 'Add the header Client-Token, with the account token, to every call of this program.',
  },
  empty: {
    title: 'Empty token',
    why: 'The header Client-Token came, with nothing in it.',
    todo: 'The variable that holds the token is empty in this program: fill it in and restart the program.',
  },
  placeholder: {
    title: 'Variable not filled in',
    why: 'Instead of the token came a text such as null, undefined or {{token}}.',
    todo: 'The program did not read the token from its settings: check the name of the variable, and that it exists where the program runs.',
  },
  duplicate: {
    title: 'Header sent twice',
    why: 'The header Client-Token came twice in the same call.',
    todo: 'Find out who adds it a second time, in the program or in a proxy on the way, and leave only one.',
  },
  malformed: {
    title: 'Text that cannot be a token',
    why: 'The header holds a text that is too short or too long, or has spaces, quotes or other signs that no token has.',
    todo: 'Copy the token again, whole, without quotes and without spaces.',
  },
  instance_token: {
    title: 'Instance token in the header',
    why: 'The header carries the instance token (the one in the URL), not the account token.',
    todo: 'They are two secrets: leave the one of the instance in the URL, and put the one of the account into the header Client-Token.',
  },
  account_token_in_path: {
    title: 'Account token in the URL',
    why: 'The account token stands in the URL, behind /token/, where the instance token belongs.',
    todo: 'Put the instance token back into the URL and the account token into the header Client-Token, and consider rotating it: URLs end up in logs.',
  },
  wrong_header: {
    title: 'Token in the wrong place',
    why: 'The right token came, but in another header (Authorization, apikey…) or in the URL.',
    todo: 'Send it in the header Client-Token, with exactly this name.',
  },
  shell_expanded: {
    title: "Variable's name instead of its value",
    why: 'Something like $TOKEN or %TOKEN% came: the name of the variable, not what is in it.',
    todo: 'In a terminal put double quotes around the variable ("$TOKEN"), and check that it is set.',
  },
  truncated: {
    title: 'Token cut off',
    why: 'It is the token of your account, but characters are missing at its beginning or end.',
    todo: 'Copy it again with the copy button: its beginning and its end are part of it.',
  },
  revoked: {
    title: 'Revoked token',
    why: 'This token was once yours and has been revoked.',
    todo: 'Put the current token into this program. A revoked token never lives again.',
  },
  expired: {
    title: 'Expired token',
    why: 'This token was once yours, but its time is over.',
    todo: 'Put the current token into this program.',
  },
  other_account: {
    title: "Another account's token",
    why: 'The call carries a token that belongs to another account.',
    todo: 'Check that the program uses the credentials of the right account.',
  },
  unknown: {
    title: 'Unknown token',
    why: 'The header carries a token that is not one of your account.',
    todo: 'Copy the current token of your account into this program. If you do not know who called, somebody may be guessing.',
  },
  unmatched_route: {
    title: 'No such address',
    why: 'The URL that was called matches no route of this API.',
    todo: 'Compare the path of the URL with the documentation of the API.',
  },
  bad_target: {
    title: 'Ambiguous URL',
    why: 'The path of the URL can be read in two ways (with // or .., for example), and was refused for that.',
    todo: 'Mend the base URL of the program: no double slashes, no dot-dot.',
  },
  ambiguous_instance: {
    title: 'Two instances in one call',
    why: 'The call names two different instances.',
    todo: 'Leave the id of one instance only in the call.',
  },
  instance_not_found: {
    title: 'Instance not found',
    why: 'There is no instance with this id, or the instance token in the URL is not its own.',
    todo: 'Compare the id and the token of the instance with the page Instances.',
  },
  ip_not_allowed: {
    title: 'Address not in the list',
    why: "The caller's address is not in your IP list.",
    todo: 'If the address is yours, add it under IP restriction.',
  },
  preflight: {
    title: "Browser's question",
    why: 'A browser asked beforehand whether it may call (a preflight). That question never carries the token.',
    todo: 'Make the call from your server: in a browser everybody could read the token.',
  },
  token_missing: {
    title: 'No token',
    why: 'The call came without the header Client-Token.',
    todo: 'Add the header Client-Token, with the account token, to every call of this program.',
  },
  token_empty: {
    title: 'Empty token',
    why: 'The header Client-Token came, with nothing in it.',
    todo: 'The variable that holds the token is empty in this program: fill it in and restart the program.',
  },
  token_placeholder: {
    title: 'Variable not filled in',
    why: 'Instead of the token came a text such as null, undefined or {{token}}.',
    todo: 'The program did not read the token from its settings: check the name of the variable, and that it exists where the program runs.',
  },
  token_duplicate: {
    title: 'Header sent twice',
    why: 'The header Client-Token came twice in the same call.',
    todo: 'Find out who adds it a second time, in the program or in a proxy on the way, and leave only one.',
  },
  token_malformed: {
    title: 'Text that cannot be a token',
    why: 'The header holds a text that is too short or too long, or has spaces, quotes or other signs that no token has.',
    todo: 'Copy the token again, whole, without quotes and without spaces.',
  },
  token_is_instance_token: {
    title: 'Instance token in the header',
    why: 'The header carries the instance token (the one in the URL), not the account token.',
    todo: 'They are two secrets: leave the one of the instance in the URL, and put the one of the account into the header Client-Token.',
  },
  token_not_accepted: {
    title: 'Token not accepted',
    why: 'The header carries a token, but none that your account accepts today.',
    todo: 'Copy the current token of your account, whole, into this program.',
  },
};
