//! Slab classes, their pages and chunks (`slabs.c`; section 6.2).

use crate::scenario::parameters::memcached::Memcached;
use crate::units::Bytes;

/// A page.
const PAGE: u64 = 1 << 20;
/// The largest chunk is no smaller than this, so that a chain's chunks hold more than their headers.
const LEAST_MAX_CHUNK: u64 = 512;
/// Chunk sizes are multiples of this.
const ALIGN: u64 = 8;
/// Classes are numbered below it; 0 is the pool of free pages (`memcached.h`, `MAX_NUMBER_OF_SLAB_CLASSES`).
pub(super) const CLASSES: usize = 64;
/// `sizeof(item)`, which the first class adds to its room for key and value.
const HEADER: u64 = 48;

/// One class of chunks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Class {
    /// Size of a chunk.
    pub(super) chunk_bytes: u32,
    /// Chunks in a page.
    pub(super) per_page: u32,
    /// Pages that the class has.
    pub(super) pages: u32,
    /// Chunks that hold nothing.
    pub(super) free: u64,
}

impl Class {
    /// All chunks.
    pub(super) fn chunks(&self) -> u64 {
        u64::from(self.pages) * u64::from(self.per_page)
    }
}

/// All classes of a node, and the memory that their pages take.
///
/// Pages have no identity: which items lie in which page matters to a page move alone, and there is made up for by
/// choosing items of the class (see the automover). A sampled key that stands for others takes as many chunks as there
/// are keys, so that a page holds as many keys as on the server.
#[derive(Clone, Debug)]
pub(super) struct Slabs {
    /// The pool (0), then the classes by size.
    classes: Vec<Class>,
    /// Bytes of a page of any class; 0 when a page is as long as its chunks.
    page_bytes: u64,
    /// `-m`.
    limit: u64,
    /// Bytes of all pages, the pool's included.
    allocated: u64,
}

impl Slabs {
    /// The classes of these options without pages (`slabs_init`).
    pub(super) fn new(options: &Memcached, limit: Bytes) -> Self {
        let largest = options.max_chunk_bytes.0.clamp(LEAST_MAX_CHUNK, PAGE);
        let class = |size: u64| Class {
            chunk_bytes: size as u32,
            per_page: (PAGE / size) as u32,
            pages: 0,
            free: 0,
        };
        let mut classes = vec![Class::default()];
        let mut size = HEADER + u64::from(options.first_chunk_bytes);
        while classes.len() < CLASSES - 1 && (size as f64) < largest as f64 / options.growth_factor {
            size = size.next_multiple_of(ALIGN);
            classes.push(class(size));
            size = (size as f64 * options.growth_factor) as u64;
        }
        classes.push(class(largest));
        let movable = options.reassign || largest != PAGE;
        Self {
            classes,
            page_bytes: if movable { PAGE } else { 0 },
            limit: limit.0,
            allocated: 0,
        }
    }

    /// The smallest class whose chunks hold so many bytes; the largest when none does (`slabs_clsid`).
    pub(super) fn class_of(&self, bytes: u64) -> usize {
        let above = self
            .classes
            .partition_point(|class| u64::from(class.chunk_bytes) < bytes);
        above.clamp(1, self.largest())
    }

    /// Number of the largest class.
    pub(super) fn largest(&self) -> usize {
        self.classes.len() - 1
    }

    /// Size of the largest chunk.
    pub(super) fn max_chunk(&self) -> u64 {
        u64::from(self.class(self.largest()).chunk_bytes)
    }

    /// A class; one without chunks when there is none of this number.
    pub(super) fn class(&self, number: usize) -> Class {
        self.classes.get(number).copied().unwrap_or_default()
    }

    /// Bytes of all pages.
    pub(super) fn allocated(&self) -> u64 {
        self.allocated
    }

    /// `-m`.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether no new page may be taken (`global_page_pool_size`).
    pub(super) fn limit_reached(&self) -> bool {
        self.allocated + PAGE > self.limit
    }

    /// Takes chunks of a class; nothing when there are too few and the class gets no further page.
    pub(super) fn take(&mut self, number: usize, chunks: u32) -> bool {
        while self.class(number).free < u64::from(chunks) {
            if !self.add_page(number) {
                return false;
            }
        }
        if let Some(class) = self.classes.get_mut(number) {
            class.free -= u64::from(chunks);
        }
        true
    }

    /// Gives chunks back.
    pub(super) fn give(&mut self, number: usize, chunks: u32) {
        if let Some(class) = self.classes.get_mut(number) {
            class.free += u64::from(chunks);
        }
    }

    /// Gives a class a page: from the pool, or a new one within the limit, or past it as the class's first
    /// (`do_slabs_newslab`).
    fn add_page(&mut self, number: usize) -> bool {
        let class = self.class(number);
        if class.per_page == 0 {
            return false;
        }
        if self.class(0).pages > 0 {
            self.change_pages(0, -1);
        } else {
            let length = match self.page_bytes {
                0 => u64::from(class.chunk_bytes) * u64::from(class.per_page),
                length => length,
            };
            if self.allocated + length > self.limit && class.pages > 0 {
                return false;
            }
            self.allocated += length;
        }
        self.change_pages(number, 1);
        true
    }

    /// Moves a page whose chunks are all free to another class, or to the pool (0).
    pub(super) fn move_page(&mut self, from: usize, to: usize) {
        self.change_pages(from, -1);
        self.change_pages(to, 1);
        if to == 0 {
            // What was allocated past the limit goes back to the system (`memory_release`).
            while self.allocated > self.limit && self.class(0).pages > 0 {
                self.change_pages(0, -1);
                self.allocated -= PAGE;
            }
        }
    }

    /// Adds a page of free chunks to a class, or takes one away.
    fn change_pages(&mut self, number: usize, by: i32) {
        if let Some(class) = self.classes.get_mut(number) {
            let chunks = i64::from(class.per_page) * i64::from(by);
            class.pages = class.pages.saturating_add_signed(by);
            class.free = class.free.saturating_add_signed(chunks);
        }
    }
}
