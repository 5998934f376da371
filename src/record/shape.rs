//! What many spans share: their texts, each set of them once.
//!
//! In: the texts of a span. Out: a [`Shape`], interned for all reading threads, bounded, and forgotten on a reload.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parking_lot::Mutex;

use crate::dialect::Profile;

/// All the texts of a span that many others share. Two spans of one shape differ in ids, times and numbers only.
#[derive(Debug)]
pub struct Shape {
    /// Its number among all that are interned; 0 when there was no room for it.
    pub number: u64,
    /// Who wrote the span.
    pub profile: &'static Profile,
    /// A hash of the scope's name: who made it, exactly.
    pub scope: u64,
    /// A hash of the service's name.
    pub service: u64,
    /// The host is one whose owner everybody knows.
    pub host_known: bool,
    hash: u64,
    pub(super) texts: Box<str>,
    pub(super) ends: Box<[u32]>,
}

/// A text of a [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Name {
    /// `service.name`.
    Service,
    /// `deployment.environment.name`.
    Environment,
    /// Scope.
    Scope,
    /// The convention's name of the provider, as far as the span tells.
    Provider,
    /// Host.
    ServerAddress,
    /// Operation, as written; of an HTTP request its path.
    Operation,
    /// Model asked for.
    RequestModel,
    /// Model that answered.
    ResponseModel,
    /// Model behind an alias.
    RoutedModel,
    /// Service tier.
    ServiceTier,
    /// Speed that was paid for.
    Speed,
    /// Where the model ran.
    Geography,
    /// What identifies the account.
    Account,
}

impl Name {
    /// How many there are; dimensions follow.
    pub const COUNT: usize = Self::Account as usize + 1;
}

/// What is known of a shape before it is interned.
#[derive(Clone, Copy, Debug)]
pub struct ShapeDraft<'a> {
    /// Who wrote the span.
    pub profile: &'static Profile,
    /// A hash of the scope's name.
    pub scope: u64,
    /// The host is one whose owner everybody knows.
    pub host_known: bool,
    /// The texts, in the order of [`Name`], then the dimensions.
    pub texts: &'a [&'a str],
}

// === impl Shape ===

impl Shape {
    fn new(draft: &ShapeDraft<'_>, hash: u64, number: u64) -> Self {
        let mut texts = String::with_capacity(draft.texts.iter().map(|text| text.len()).sum());
        let ends = draft.texts.iter().map(|text| {
            texts.push_str(text);
            texts.len() as u32
        });
        let ends = ends.collect();
        Self {
            number,
            profile: draft.profile,
            scope: draft.scope,
            service: crate::recognise::hash(draft.texts[Name::Service as usize]),
            host_known: draft.host_known,
            hash,
            texts: texts.into_boxed_str(),
            ends,
        }
    }

    /// A text; empty when it is not stated.
    #[must_use]
    pub fn text(&self, name: Name) -> &str {
        self.at(name as usize)
    }

    /// The value of a configured dimension.
    #[must_use]
    pub fn dimension(&self, index: usize) -> &str {
        self.at(Name::COUNT + index)
    }

    /// True when any configured dimension has a value.
    #[must_use]
    pub fn has_dimension(&self) -> bool {
        self.ends.last() != self.ends.get(Name::COUNT - 1)
    }

    /// The convention's name of the provider, as far as the span tells.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        Some(self.text(Name::Provider)).filter(|name| !name.is_empty())
    }

    /// Bytes of memory held, about.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.texts.len() + self.ends.len() * 4
    }

    pub(super) fn at(&self, index: usize) -> &str {
        let Some(&end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.texts[start as usize..end as usize]
    }

    fn is(&self, draft: &ShapeDraft<'_>, hash: u64) -> bool {
        self.hash == hash
            && self.scope == draft.scope
            && std::ptr::eq(self.profile, draft.profile)
            && self.host_known == draft.host_known
            && self.ends.len() == draft.texts.len()
            && draft.texts.iter().enumerate().all(|(index, text)| self.at(index) == *text)
    }
}

// === interning ===

/// Every shape once, for all reading threads. When it is full, a span's shape is made for its request alone, which is
/// slower and counted; nobody is put out for it.
#[derive(Debug)]
pub struct Shapes {
    hasher: RandomState,
    most: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    table: HashTable<Arc<Shape>>,
    given: u64,
}

impl Shapes {
    /// Room for so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { hasher: RandomState::default(), most, known: Mutex::default() }
    }

    /// Puts the shape into a request's list, or finds it there; its index.
    pub(crate) fn place(&self, draft: &ShapeDraft<'_>, request: &mut RequestShapes) -> u32 {
        let hash = self.hash(draft);
        if let Some(&index) = request.index.find(hash, |&index| request.list[index as usize].is(draft, hash))
        {
            return index;
        }
        let shape = self.intern(draft, hash);
        request.unshaped += u64::from(shape.number == 0);
        request.push(shape)
    }

    /// Puts a shape that is known into a request's list, or finds it there; its index.
    pub(crate) fn place_known(shape: &Arc<Shape>, request: &mut RequestShapes) -> u32 {
        let same = |&index: &u32| Arc::ptr_eq(&request.list[index as usize], shape);
        if let Some(&index) = request.index.find(shape.hash, same) {
            return index;
        }
        request.push(Arc::clone(shape))
    }

    /// The shape with these texts.
    pub(crate) fn shape(&self, draft: &ShapeDraft<'_>) -> Arc<Shape> {
        self.intern(draft, self.hash(draft))
    }

    /// Forgets all: prices or labels have changed, or it has been full for long.
    pub fn clear(&self) {
        self.known.lock().table.clear();
    }

    fn intern(&self, draft: &ShapeDraft<'_>, hash: u64) -> Arc<Shape> {
        let mut known = self.known.lock();
        if let Some(shape) = known.table.find(hash, |shape| shape.is(draft, hash)) {
            return Arc::clone(shape);
        }
        if known.table.len() >= self.most {
            return Arc::new(Shape::new(draft, hash, 0));
        }
        known.given += 1;
        let shape = Arc::new(Shape::new(draft, hash, known.given));
        known.table.insert_unique(hash, Arc::clone(&shape), |shape| shape.hash);
        shape
    }

    fn hash(&self, draft: &ShapeDraft<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(draft.scope);
        for text in draft.texts {
            hasher.write(text.as_bytes());
            hasher.write_u8(0xFF);
        }
        hasher.finish()
    }
}

/// The shapes of one request, while it is read.
#[derive(Debug, Default)]
pub(crate) struct RequestShapes {
    pub(crate) list: Vec<Arc<Shape>>,
    pub(crate) unshaped: u64,
    index: HashTable<u32>,
}

impl RequestShapes {
    fn push(&mut self, shape: Arc<Shape>) -> u32 {
        let (hash, index) = (shape.hash, self.list.len() as u32);
        self.list.push(shape);
        let list = &self.list;
        self.index.insert_unique(hash, index, |&index| list[index as usize].hash);
        index
    }
}
