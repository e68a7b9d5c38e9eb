import type { WordTexts } from '../reasons';

export const pt_br: WordTexts = {
  none: {
    title: 'Sem verificação',
    why: 'Esta rota não pede o token da conta.',
    todo: '',
  },
  valid_current: {
    title: 'Com o token atual',
    why: 'A chamada trouxe o token da sua conta. Está tudo certo.',
    todo: '',
  },
  valid_next: {
    title: 'Com o token novo',
    why: 'A chamada já traz o token novo da troca que está em andamento.',
    todo: '',
  },
  valid_retiring: {
    title: 'Com o token antigo',
    why: 'A chamada ainda traz o token antigo, aceito só até o fim da carência.',
    todo: 'Coloque o token novo neste programa antes que a carência termine.',
  },
  missing: {
    title: 'Sem token',
    why: 'A chamada não trouxe a header Client-Token.',
    todo: 'Acrescente a header Client-Token, com o token da conta, a todas as chamadas deste programa.',
  },
  empty: {
    title: 'Token vazio',
    why: 'A header Client-Token veio, mas sem nada dentro.',
    todo: 'A variável que guarda o token está vazia neste programa: preencha-a e reinicie o programa.',
  },
  placeholder: {
    title: 'Variável não preenchida',
    why: 'No lugar do token veio um texto como null, undefined ou {{token}}.',
    todo: 'O programa não leu o token da sua configuração: confira o nome da variável e se ela existe onde o programa roda.',
  },
  duplicate: {
    title: 'Header repetida',
    why: 'A header Client-Token veio duas vezes na mesma chamada.',
    todo: 'Procure no programa (ou num proxy no caminho) quem acrescenta a header pela segunda vez e deixe só uma.',
  },
  malformed: {
    title: 'Texto que não pode ser um token',
    why: 'A header traz um texto curto ou longo demais, com espaços, aspas ou outros sinais que um token não tem.',
    todo: 'Copie o token de novo, inteiro, sem aspas e sem espaços.',
  },
  instance_token: {
    title: 'Token da instância na header',
    why: 'A header traz o token da instância (o que já está na URL), não o token da conta.',
    todo: 'São dois segredos diferentes: deixe o da instância na URL e coloque o da conta na header Client-Token.',
  },
  account_token_in_path: {
    title: 'Token da conta na URL',
    why: 'O token da conta está na URL, depois de /token/, onde vai o token da instância.',
    todo: 'Devolva o token da instância à URL, coloque o da conta na header Client-Token e considere trocá-lo: URLs costumam ficar em logs.',
  },
  wrong_header: {
    title: 'Token no lugar errado',
    why: 'O token certo veio, mas em outra header (Authorization, apikey…) ou na URL.',
    todo: 'Envie-o na header Client-Token, com exatamente este nome.',
  },
  shell_expanded: {
    title: 'Nome da variável no lugar do valor',
    why: 'Veio algo como $TOKEN ou %TOKEN%: o nome da variável, não o valor dela.',
    todo: 'No terminal use aspas duplas em volta da variável ("$TOKEN") e confira se ela foi definida.',
  },
  truncated: {
    title: 'Token cortado',
    why: 'É o token da sua conta, mas faltam caracteres no começo ou no fim.',
    todo: 'Copie de novo com o botão de copiar: o começo e o fim também fazem parte do token.',
  },
  revoked: {
    title: 'Token revogado',
    why: 'Este token já foi da sua conta e foi revogado.',
    todo: 'Coloque o token atual neste programa. Um token revogado nunca volta a valer.',
  },
  expired: {
    title: 'Token expirado',
    why: 'Este token já foi da sua conta, mas o prazo dele terminou.',
    todo: 'Coloque o token atual neste programa.',
  },
  other_account: {
    title: 'Token de outra conta',
    why: 'A chamada traz um token que pertence a outra conta.',
    todo: 'Confira se o programa está usando as credenciais da conta certa.',
  },
  unknown: {
    title: 'Token desconhecido',
    why: 'A header traz um token que não é da sua conta.',
    todo: 'Copie o token atual da sua conta para este programa. Se você não conhece quem chamou, alguém pode estar tentando adivinhar.',
  },
  unmatched_route: {
    title: 'Endereço que não existe',
    why: 'A URL chamada não corresponde a nenhuma rota desta API.',
    todo: 'Confira o caminho da URL na documentação da API.',
  },
  bad_target: {
    title: 'URL ambígua',
    why: 'O caminho da URL pode ser lido de duas maneiras (por exemplo, com // ou ..), e por isso foi recusado.',
    todo: 'Corrija a URL base do programa: sem barras duplas e sem ponto-ponto.',
  },
  ambiguous_instance: {
    title: 'Duas instâncias na mesma chamada',
    why: 'A chamada cita duas instâncias diferentes.',
    todo: 'Deixe o id de uma só instância na chamada.',
  },
  instance_not_found: {
    title: 'Instância não encontrada',
    why: 'O id da instância não existe, ou o token da instância na URL não é o dela.',
    todo: 'Confira o id e o token da instância na página Instâncias.',
  },
  ip_not_allowed: {
    title: 'IP fora da lista',
    why: 'O endereço de quem chamou não está na sua lista de IPs.',
    todo: 'Se este endereço é seu, acrescente-o em Restrição de chamadas por IP.',
  },
  preflight: {
    title: 'Consulta de navegador',
    why: 'Um navegador perguntou antes se pode chamar (preflight). Essa pergunta nunca leva o token.',
    todo: 'Faça a chamada a partir do seu servidor: no navegador, o token ficaria visível para qualquer pessoa.',
  },
  token_missing: {
    title: 'Sem token',
    why: 'A chamada não trouxe a header Client-Token.',
    todo: 'Acrescente a header Client-Token, com o token da conta, a todas as chamadas deste programa.',
  },
  token_empty: {
    title: 'Token vazio',
    why: 'A header Client-Token veio, mas sem nada dentro.',
    todo: 'A variável que guarda o token está vazia neste programa: preencha-a e reinicie o programa.',
  },
  token_placeholder: {
    title: 'Variável não preenchida',
    why: 'No lugar do token veio um texto como null, undefined ou {{token}}.',
    todo: 'O programa não leu o token da sua configuração: confira o nome da variável e se ela existe onde o programa roda.',
  },
  token_duplicate: {
    title: 'Header repetida',
    why: 'A header Client-Token veio duas vezes na mesma chamada.',
    todo: 'Procure no programa (ou num proxy no caminho) quem acrescenta a header pela segunda vez e deixe só uma.',
  },
  token_malformed: {
    title: 'Texto que não pode ser um token',
    why: 'A header traz um texto curto ou longo demais, com espaços, aspas ou outros sinais que um token não tem.',
    todo: 'Copie o token de novo, inteiro, sem aspas e sem espaços.',
  },
  token_is_instance_token: {
    title: 'Token da instância na header',
    why: 'A header traz o token da instância (o que já está na URL), não o token da conta.',
    todo: 'São dois segredos diferentes: deixe o da instância na URL e coloque o da conta na header Client-Token.',
  },
  token_not_accepted: {
    title: 'Token não aceito',
    why: 'A header traz um token, mas não é um dos que valem hoje para a sua conta.',
    todo: 'Copie o token atual da sua conta, inteiro, para este programa.',
  },
};
