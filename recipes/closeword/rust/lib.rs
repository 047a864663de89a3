//! Words that are close to one another.

mod measure;
mod tree;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use tree::Tree;

/// Far more letters than any word has; what is longer would take seconds to compare.
const LONGEST: usize = 1 << 14;

fn letters(word: &str) -> PyResult<Vec<char>> {
    let found: Vec<char> = word.chars().collect();
    if found.len() > LONGEST {
        return Err(PyValueError::new_err(format!(
            "a word of {} letters: at most {LONGEST}",
            found.len()
        )));
    }
    Ok(found)
}

/// How many letters to insert, delete, replace or swap with their neighbour.
#[pyfunction]
#[pyo3(signature = (first, second, /))]
fn distance(first: &str, second: &str) -> PyResult<usize> {
    Ok(measure::alignment(&letters(first)?, &letters(second)?))
}

/// A list of words, each once, that can be asked for those close to another.
#[pyclass(module = "closeword")]
#[derive(Default)]
struct Words {
    tree: Tree,
}

#[pymethods]
impl Words {
    #[new]
    #[pyo3(signature = (words=None, /))]
    fn new(words: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut made = Self::default();
        if let Some(words) = words {
            for word in words.try_iter()? {
                made.add(word?.extract()?)?;
            }
        }
        Ok(made)
    }

    /// Add a word; whether it is new.
    #[pyo3(signature = (word, /))]
    fn add(&mut self, word: String) -> PyResult<bool> {
        Ok(self.tree.add(letters(&word)?))
    }

    /// The closest words with their distances, the nearest first, then by the alphabet.
    #[pyo3(signature = (word, /, within=2, limit=10))]
    fn close(&self, word: &str, within: usize, limit: usize) -> PyResult<Vec<(String, usize)>> {
        let mut found = self.tree.close(&letters(word)?, within.min(LONGEST));
        found.sort_by(|a, b| (a.1, a.0).cmp(&(b.1, b.0)));
        found.truncate(limit);
        Ok(found
            .into_iter()
            .map(|(word, far)| (word.iter().collect(), far))
            .collect())
    }

    fn __contains__(&self, word: &Bound<'_, PyAny>) -> PyResult<bool> {
        match word.cast::<PyString>() {
            Ok(text) => Ok(self.tree.contains(&letters(text.to_str()?)?)),
            Err(_) => Ok(false),
        }
    }

    fn __len__(&self) -> usize {
        self.tree.len()
    }
}

/// Panic: for a test that a panic of Rust is an exception of Python.
#[pyfunction]
fn _panic(text: String) {
    panic!("{text}");
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Words>()?;
    module.add_function(wrap_pyfunction!(distance, module)?)?;
    module.add_function(wrap_pyfunction!(_panic, module)?)
}
