use std::sync::{Arc, Mutex};

use reqwest::header::{AUTHORIZATION, HeaderName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::redirect::End;

/// A server that gives these answers one after another, and what it was asked. `HERE` in an answer is where it listens.
async fn server(answers: &'static [&'static str]) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).await.unwrap();
            log.lock().unwrap().push(String::from_utf8_lossy(&request[..count]).into_owned());
            let answer = answer.replace("HERE", &address.to_string()).replace('\n', "\r\n");
            let answer = format!("HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

fn order(url: &str) -> Order {
    Order {
        url: Url::absolute(url.as_bytes()).unwrap(),
        method: Method::GET,
        headers: HeaderMap::new(),
        body: None,
        prefix: String::new(),
        road: Road::Direct,
        insecure: false,
        most: 20,
    }
}

#[tokio::test]
async fn a_post_with_cookie_and_login() {
    let (address, asked) = server(&[
        "307 T\nLocation: /again\nSet-Cookie: a=1; Path=/",
        "302 F\nLocation: http://other.example/page",
        "200 OK",
    ])
    .await;
    let mut order = order(&format!("http://{address}/"));
    (order.method, order.body) = (Method::POST, Some(b"x=1".to_vec()));
    order.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer t"));
    order.headers.insert(HeaderName::from_static("x-mine"), HeaderValue::from_static("1"));
    order.road = Road::Through("127.0.0.1".to_owned(), address.port());
    let followed = follow(order).await.unwrap();
    assert_eq!((followed.chain.end(), followed.chain.redirects()), (End::Answer(Some(200)), 2));
    let asked = asked.lock().unwrap();
    let has = |n: usize, text: &str| asked[n].contains(text);
    assert!(has(0, "POST / ") && has(0, "bearer t") || has(0, "Bearer t"), "{}", asked[0]);
    assert!(has(1, "POST /again ") && has(1, "cookie: a=1") && has(1, "Bearer t") && has(1, "x=1"), "{}", asked[1]);
    assert!(has(2, "GET /page ") && has(2, "host: other.example\r\n") && has(2, "x-mine: 1"), "{}", asked[2]);
    assert!(!has(2, "cookie") && !has(2, "Bearer") && !has(2, "x=1"), "{}", asked[2]);
}

#[tokio::test]
async fn loops_and_long_ways_end() {
    let (address, _) = server(&["302 F\nLocation: /"; 10]).await;
    let followed = follow(order(&format!("http://{address}/"))).await.unwrap();
    assert_eq!((followed.chain.end(), followed.exchanges.len()), (End::Circle(1), 3));
    let (address, _) = server(&["302 F\nLocation: a/"; 10]).await;
    let followed = follow(order(&format!("http://{address}/"))).await.unwrap();
    assert!(followed.chain.grows().is_some() && followed.exchanges.len() == 3, "{:?}", followed.chain);
    let (address, _) = server(&["302 F\nLocation: /1", "302 F\nLocation: /2", "302 F\nLocation: /3"]).await;
    let followed = follow(Order { most: 2, ..order(&format!("http://{address}/")) }).await.unwrap();
    assert_eq!((followed.given_up, followed.exchanges.len()), (true, 3));
}

#[tokio::test]
async fn a_target_that_nobody_serves() {
    let (address, _) = server(&["302 F\nLocation: http://127.0.0.1:1/"]).await;
    let followed = follow(order(&format!("http://{address}/"))).await.unwrap();
    assert_eq!(followed.chain.end(), End::Answer(None));
    let ending = &followed.exchanges[1].outer().unwrap().ending;
    assert!(matches!(ending, Ending::NoUpstream(why) if why.contains("refused")), "{ending:?}");
}

#[tokio::test]
async fn what_people_know_by_another_name() {
    let (address, asked) = server(&["307 T\nLocation: https://shop.example/api/items/", "200 OK"]).await;
    let known = Url::absolute(b"https://shop.example/api/items").unwrap();
    let there = Url::absolute(format!("http://{address}/").as_bytes()).unwrap();
    let road = Road::StandsAt(Box::new(known), Box::new(there));
    let followed = follow(Order { road, ..order("https://shop.example/api/items") }).await.unwrap();
    assert!(!followed.chain.is_broken(), "{:?}", followed.chain.hops());
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|asked| asked.contains("host: shop.example\r\n")), "{asked:?}");
}
