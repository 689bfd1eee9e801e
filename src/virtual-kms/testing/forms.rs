//! Requests of the query protocol: STS and EC2.

use super::client::{REGION, sign_as};
use super::{Answer, Client};
use crate::http::Request;

impl Client {
    /// A request of STS, signed.
    pub(crate) fn sts(&self, form: &str, service: &str, region: &str) -> Answer {
        let mut request = self.unsigned("", form.as_bytes());
        as_form(&mut request);
        sign_as(&mut request, &self.access_key_id, region, service);
        self.exchange(&request).unwrap()
    }

    /// A request of EC2, signed: the answer's body, or the code of its refusal; nothing, where the answer is lost.
    pub(crate) fn ec2(&self, form: &str) -> Option<Result<String, String>> {
        let form = format!("Version=2016-11-15&Action={form}");
        let mut request = self.unsigned("", form.as_bytes());
        as_form(&mut request);
        sign_as(&mut request, &self.access_key_id, &self.region, "ec2");
        let answer = self.exchange(&request)?;
        if answer.status == 200 {
            return Some(Ok(answer.body));
        }
        let (_, rest) = answer.body.split_once("<Code>").unwrap();
        Some(Err(rest.split_once("</Code>").unwrap().0.to_owned()))
    }

    pub(crate) fn caller_identity(&self) -> Answer {
        self.sts("Action=GetCallerIdentity&Version=2011-06-15", "sts", REGION)
    }
}

fn as_form(request: &mut Request) {
    let of_json = ["x-amz-target", "content-type"];
    request.headers.retain(|(name, _)| !of_json.contains(&name.as_str()));
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    request.headers.push(("content-type".to_owned(), form.to_owned()));
}
