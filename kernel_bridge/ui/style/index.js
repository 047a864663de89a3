import './base.css';
import './place.css';
