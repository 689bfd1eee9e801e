//! Long lists, a page at a time.

use crate::refusal::{Kind, Refusal};
use crate::wire::json::violated;
use std::collections::BTreeMap;

/// A page of a list in the order of its names, and the marker of the next one.
pub(super) struct Page<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<String>,
}

/// What a request asks for.
pub(super) struct Wanted<'a> {
    /// Most items.
    pub(super) limit: Option<u16>,
    /// The last answer's marker.
    pub(super) marker: Option<&'a str>,
    /// How many items a page has when nothing is said.
    pub(super) usual: usize,
    /// How many can be asked for.
    pub(super) most: u16,
}

/// Cuts a page out of the items that `make` keeps. A marker is the last name of the page before, in hexadecimal.
pub(super) fn page<V, T>(
    items: &BTreeMap<String, V>,
    wanted: &Wanted<'_>,
    make: impl Fn(&String, &V) -> Option<T>,
) -> Result<Page<T>, Refusal> {
    let limit = match wanted.limit {
        None => wanted.usual,
        Some(limit) if (1..=wanted.most).contains(&limit) => usize::from(limit),
        Some(_) => {
            let rule = format!("Member must be between 1 and {}", wanted.most);
            return Err(violated("Value at 'limit'", &rule));
        }
    };
    let after = wanted.marker.map(name_of).transpose()?;
    let rest = items.iter().filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after));
    let mut kept = rest.filter_map(|(name, value)| Some((name, make(name, value)?)));
    let (mut page, mut last) = (Vec::new(), None);
    for (name, item) in kept.by_ref().take(limit) {
        page.push(item);
        last = Some(name);
    }
    let more = kept.next().is_some();
    let next = last.filter(|_| more).map(|name| base16ct::lower::encode_string(name.as_bytes()));
    Ok(Page { items: page, next })
}

fn name_of(marker: &str) -> Result<String, Refusal> {
    let bytes = base16ct::lower::decode_vec(marker).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| Kind::InvalidMarker.with("the marker is none that an answer gave"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(limit: Option<u16>, marker: Option<&str>) -> Result<Page<String>, Kind> {
        let items = ["a", "b", "c", "d"].map(|name| (name.to_owned(), ())).into();
        let wanted = Wanted { limit, marker, usual: 50, most: 50 };
        page(&items, &wanted, |name, ()| (name != "c").then(|| name.clone())).map_err(|e| e.kind)
    }

    #[test]
    fn pages_follow_one_another() {
        let first = cut(Some(2), None).unwrap();
        assert_eq!(first.items, ["a", "b"]);
        let second = cut(Some(2), first.next.as_deref()).unwrap();
        assert_eq!((second.items.as_slice(), second.next), (&["d".to_owned()][..], None));
        assert_eq!(cut(Some(3), None).unwrap().next, None);
        assert_eq!(cut(None, None).unwrap().items.len(), 3);
    }

    #[test]
    fn limits_and_markers_are_checked() {
        assert_eq!(cut(Some(0), None).err(), Some(Kind::Validation));
        assert_eq!(cut(Some(51), None).err(), Some(Kind::Validation));
        for marker in ["x", "ff", "6"] {
            assert_eq!(cut(None, Some(marker)).err(), Some(Kind::InvalidMarker), "{marker}");
        }
    }
}
