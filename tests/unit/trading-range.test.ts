import { fc, test as property } from './property.js';
