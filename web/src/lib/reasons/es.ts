import type { WordTexts } from '../reasons';

export const es: WordTexts = {
  none: {
    title: 'Sin verificación',
    why: 'Esta ruta no pide el token de la cuenta.',
    todo: '',
  },
  valid_current: {
    title: 'Con el token actual',
    why: 'La llamada trajo el token de su cuenta. Todo está bien.',
    todo: '',
  },
  valid_next: {
    title: 'Con el token nuevo',
    why: 'La llamada ya trae el token nuevo de la rotación en curso.',
    todo: '',
  },
  valid_retiring: {
    title: 'Con el token antiguo',
    why: 'La llamada aún trae el token antiguo, aceptado solo hasta que termine el período de gracia.',
    todo: 'Ponga el token nuevo en este programa antes de que termine el período de gracia.',
  },
  missing: {
    title: 'Sin token',
    why: 'La llamada no trajo la cabecera Client-Token.',
    todo: 'Añada la cabecera Client-Token, con el token de la cuenta, a todas las llamadas de este programa.',
  },
  empty: {
    title: 'Token vacío',
    why: 'La cabecera Client-Token llegó, pero sin nada dentro.',
    todo: 'La variable que guarda el token está vacía en este programa: complétela y reinicie el programa.',
  },
  placeholder: {
    title: 'Variable sin completar',
    why: 'En lugar del token llegó un texto como null, undefined o {{token}}.',
    todo: 'El programa no leyó el token de su configuración: revise el nombre de la variable y que exista donde corre el programa.',
  },
  duplicate: {
    title: 'Cabecera repetida',
    why: 'La cabecera Client-Token llegó dos veces en la misma llamada.',
    todo: 'Busque en el programa (o en un proxy en el camino) quién la agrega por segunda vez y deje solo una.',
  },
  malformed: {
    title: 'Texto que no puede ser un token',
    why: 'La cabecera trae un texto demasiado corto o largo, con espacios, comillas u otros signos que un token no tiene.',
    todo: 'Copie el token de nuevo, entero, sin comillas y sin espacios.',
  },
  instance_token: {
    title: 'Token de la instancia en la cabecera',
    why: 'La cabecera trae el token de la instancia (el que ya está en la URL), no el de la cuenta.',
    todo: 'Son dos secretos distintos: deje el de la instancia en la URL y ponga el de la cuenta en la cabecera Client-Token.',
  },
  account_token_in_path: {
    title: 'Token de la cuenta en la URL',
    why: 'El token de la cuenta está en la URL, después de /token/, donde va el de la instancia.',
    todo: 'Devuelva el token de la instancia a la URL, ponga el de la cuenta en la cabecera Client-Token y considere rotarlo: las URL suelen quedar en registros.',
  },
  wrong_header: {
    title: 'Token en el lugar equivocado',
    why: 'Llegó el token correcto, pero en otra cabecera (Authorization, apikey…) o en la URL.',
    todo: 'Envíelo en la cabecera Client-Token, con exactamente ese nombre.',
  },
  shell_expanded: {
    title: 'Nombre de la variable en lugar del valor',
    why: 'Llegó algo como $TOKEN o %TOKEN%: el nombre de la variable, no su valor.',
    todo: 'En la terminal use comillas dobles alrededor de la variable ("$TOKEN") y revise que esté definida.',
  },
  truncated: {
    title: 'Token cortado',
    why: 'Es el token de su cuenta, pero faltan caracteres al principio o al final.',
    todo: 'Cópielo de nuevo con el botón de copiar: el principio y el final también son parte del token.',
  },
  revoked: {
    title: 'Token revocado',
    why: 'Este token fue de su cuenta y está revocado.',
    todo: 'Ponga el token actual en este programa. Un token revocado nunca vuelve a valer.',
  },
  expired: {
    title: 'Token vencido',
    why: 'Este token fue de su cuenta, pero su plazo terminó.',
    todo: 'Ponga el token actual en este programa.',
  },
  other_account: {
    title: 'Token de otra cuenta',
    why: 'La llamada trae un token que pertenece a otra cuenta.',
    todo: 'Revise que el programa use las credenciales de la cuenta correcta.',
  },
  unknown: {
    title: 'Token desconocido',
    why: 'La cabecera trae un token que no es de su cuenta.',
    todo: 'Copie el token actual de su cuenta a este programa. Si no conoce a quien llamó, alguien puede estar intentando adivinar.',
  },
  unmatched_route: {
    title: 'Dirección que no existe',
    why: 'La URL llamada no corresponde a ninguna ruta de esta API.',
    todo: 'Revise la ruta de la URL en la documentación de la API.',
  },
  bad_target: {
    title: 'URL ambigua',
    why: 'La ruta de la URL puede leerse de dos maneras (por ejemplo, con // o ..), y por eso fue rechazada.',
    todo: 'Corrija la URL base del programa: sin barras dobles y sin punto-punto.',
  },
  ambiguous_instance: {
    title: 'Dos instancias en la misma llamada',
    why: 'La llamada nombra dos instancias distintas.',
    todo: 'Deje el id de una sola instancia en la llamada.',
  },
  instance_not_found: {
    title: 'Instancia no encontrada',
    why: 'No existe una instancia con ese id, o el token de la instancia en la URL no es el suyo.',
    todo: 'Revise el id y el token de la instancia en la página Instancias.',
  },
  ip_not_allowed: {
    title: 'IP fuera de la lista',
    why: 'La dirección de quien llamó no está en su lista de IP.',
    todo: 'Si la dirección es suya, agréguela en Restricción de llamadas por IP.',
  },
  preflight: {
    title: 'Consulta de navegador',
    why: 'Un navegador preguntó antes si puede llamar (preflight). Esa pregunta nunca lleva el token.',
    todo: 'Haga la llamada desde su servidor: en el navegador cualquiera podría leer el token.',
  },
  token_missing: {
    title: 'Sin token',
    why: 'La llamada no trajo la cabecera Client-Token.',
    todo: 'Añada la cabecera Client-Token, con el token de la cuenta, a todas las llamadas de este programa.',
  },
  token_empty: {
    title: 'Token vacío',
    why: 'La cabecera Client-Token llegó, pero sin nada dentro.',
    todo: 'La variable que guarda el token está vacía en este programa: complétela y reinicie el programa.',
  },
  token_placeholder: {
    title: 'Variable sin completar',
    why: 'En lugar del token llegó un texto como null, undefined o {{token}}.',
    todo: 'El programa no leyó el token de su configuración: revise el nombre de la variable y que exista donde corre el programa.',
  },
  token_duplicate: {
    title: 'Cabecera repetida',
    why: 'La cabecera Client-Token llegó dos veces en la misma llamada.',
    todo: 'Busque en el programa (o en un proxy en el camino) quién la agrega por segunda vez y deje solo una.',
  },
  token_malformed: {
    title: 'Texto que no puede ser un token',
    why: 'La cabecera trae un texto demasiado corto o largo, con espacios, comillas u otros signos que un token no tiene.',
    todo: 'Copie el token de nuevo, entero, sin comillas y sin espacios.',
  },
  token_is_instance_token: {
    title: 'Token de la instancia en la cabecera',
    why: 'La cabecera trae el token de la instancia (el que ya está en la URL), no el de la cuenta.',
    todo: 'Son dos secretos distintos: deje el de la instancia en la URL y ponga el de la cuenta en la cabecera Client-Token.',
  },
  token_not_accepted: {
    title: 'Token no aceptado',
    why: 'La cabecera trae un token, pero no uno de los que hoy valen para su cuenta.',
    todo: 'Copie el token actual de su cuenta, entero, a este programa.',
  },
};
