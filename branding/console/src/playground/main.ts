import '../trusted';
import { createRoot } from 'react-dom/client';
import { start } from './playground';

start(createRoot);
