import './trusted';
import { breath } from './breath';

const dom = await import('react-dom/client');
await breath();
const { start } = await import('./app');
await breath();
start(dom.createRoot);
