module.exports = 'layer';
