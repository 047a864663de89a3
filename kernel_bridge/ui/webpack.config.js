// Wheels and piplite's index of them are files of their own, which the kernel asks for by address;
// what a worker runs of `python/` is text.
module.exports = {
  module: {
    rules: [
      {
        test: /pyodide-kernel[/\\]pypi[/\\]/,
        type: 'asset/resource',
        generator: { filename: 'pypi/[name][ext]' }
      },
      // Loaded by address, when a query of files is the first to need them.
      {
        test: /\.wasm$/,
        type: 'asset/resource',
        generator: { filename: '[name].[contenthash:16][ext]' }
      },
      { test: /\.py$|[/\\]python[/\\][^/\\]*\.js$/, type: 'asset/source' },
      {
        test: /\.worker\.js$/,
        type: 'asset/resource',
        generator: { filename: '[name].[contenthash:16][ext]' }
      }
    ]
  }
};
