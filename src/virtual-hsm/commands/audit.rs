//! Reading the log and making room in it.

use super::{Answer, Context};
use crate::wire::Fields;

/// GET LOG ENTRIES.
pub(super) fn read(context: &Context<'_>, data: &[u8]) -> Answer {
    Fields::new(data).end()?;
    Ok(context.state.log.read())
}

/// SET LOG INDEX: the number of the last entry that is safe elsewhere.
pub(super) fn acknowledge(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let number = fields.u16()?;
    fields.end()?;
    context.state.log.acknowledge(number)?;
    context.state.touch();
    Ok(Vec::new())
}
