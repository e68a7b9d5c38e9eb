import { texts } from '../../lib/i18n.svelte';
import { en } from './texts/en';
import { es } from './texts/es';
import { pt_br } from './texts/pt-br';

export const t = texts({ 'pt-BR': pt_br, en, es });
