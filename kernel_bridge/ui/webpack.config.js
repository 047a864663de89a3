// Wheels and piplite's index of them are files of their own, which the kernel asks for by address.
module.exports = {
  module: {
    rules: [
      {
        test: /pyodide-kernel[/\\]pypi[/\\]/,
        type: 'asset/resource',
        generator: { filename: 'pypi/[name][ext]' }
      },
      { test: /\.py$/, type: 'asset/source' },
      {
        test: /\.worker\.js$/,
        type: 'asset/resource',
        generator: { filename: '[name].[contenthash:16][ext]' }
      }
    ]
  }
};
