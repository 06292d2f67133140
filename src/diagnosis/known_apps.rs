//! Programs whose own setting for a public prefix is known, and what gives them away.
//!
//! A page that leaves its prefix is mended in the program that made it, and each has another word for it. The table is data:
//! marks that only this program shows (paths that it serves, text of its pages, fields of its answers), the setting, whether
//! it wants the prefix kept or stripped, and the trap that goes with it.

use super::case::Case;
use super::shown;

/// A program that serves pages, or a tool that builds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownApp {
    /// Its name.
    pub(super) name: &'static str,
    /// What gives it away; one mark is enough.
    marks: &'static [Mark],
    /// How to tell it its prefix; `{p}` stands for the prefix.
    setting: &'static str,
    /// Whether the proxy has to keep the prefix then; `None` if it may do either.
    pub(super) keeps: Option<bool>,
    /// What goes wrong beside, a sentence without a full stop; empty if nothing is known.
    trap: &'static str,
}

/// What gives a program away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// Text in a page.
    Page(&'static str),
    /// An address that a page names, or a path that was asked for, holds this.
    Path(&'static str),
    /// A field of the answer.
    Field(&'static str),
}

use Mark::{Field, Page, Path};

/// The table. Programs come before the tools that their pages are built with.
const ALL: [KnownApp; 19] = [
    KnownApp {
        name: "Gradio",
        marks: &[Page("window.gradio_config"), Page("<gradio-app"), Path("/gradio_api/")],
        setting: "launch(root_path=\"{p}\") or GRADIO_ROOT_PATH={p}, with the prefix stripped",
        keeps: Some(false),
        trap: "it builds its address from X-Forwarded-Host where one is sent, and loses the port: pass Host as $http_host",
    },
    KnownApp {
        name: "Streamlit",
        marks: &[Page("<title>Streamlit</title>"), Path("/_stcore/")],
        setting: "streamlit run … --server.baseUrlPath {p}, with the prefix kept",
        keeps: Some(true),
        trap: "its page works over a websocket: the proxy has to pass Upgrade and Host on",
    },
    KnownApp {
        name: "MLflow",
        marks: &[Page("<title>MLflow</title>"), Path("/ajax-api/")],
        setting: "mlflow server --static-prefix {p}, with the prefix kept",
        keeps: Some(true),
        trap: "older releases leave the REST routes below /api/ without the prefix",
    },
    KnownApp {
        name: "Airflow",
        marks: &[Page("<title>Airflow</title>"), Path("/execution/"), Page("airflow-")],
        setting: "AIRFLOW__API__BASE_URL=https://<host>{p}, with the prefix kept",
        keeps: Some(true),
        trap: "the workers' execution API has an address of its own: AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    },
    KnownApp {
        name: "Grafana",
        marks: &[Page("grafanaBootData"), Path("/public/build/")],
        setting: "GF_SERVER_ROOT_URL=https://<host>{p}/ and GF_SERVER_SERVE_FROM_SUB_PATH=true, with the prefix kept",
        keeps: Some(true),
        trap: "serve_from_sub_path and a proxy that strips redirect in a circle: one of the two",
    },
    KnownApp {
        name: "JupyterHub",
        marks: &[Field("x-jupyterhub-version"), Path("/hub/static/")],
        setting: "c.JupyterHub.base_url = \"{p}/\", with the prefix kept",
        keeps: Some(true),
        trap: "kernels work over websockets: the proxy has to pass Upgrade, Origin and Host on",
    },
    KnownApp {
        name: "Jupyter",
        marks: &[Page("jupyter-config-data"), Path("/api/kernels")],
        setting: "jupyter lab --ServerApp.base_url={p}/, with the prefix kept",
        keeps: Some(true),
        trap: "kernels work over websockets: the proxy has to pass Upgrade, Origin and Host on",
    },
    KnownApp {
        name: "code-server",
        marks: &[Page("code-server"), Path("/_static/src/browser/")],
        setting: "nothing but a final slash: it uses relative addresses, with the prefix stripped",
        keeps: Some(false),
        trap: "websockets are refused unless Host is passed on, or --trusted-origins lists the host",
    },
    KnownApp {
        name: "paperless-ngx",
        marks: &[Page("Paperless-ngx")],
        setting: "PAPERLESS_FORCE_SCRIPT_NAME={p}, with the prefix kept",
        keeps: Some(true),
        trap: "PAPERLESS_STATIC_URL needs the prefix too: {p}/static/",
    },
    KnownApp {
        name: "an MCP server",
        marks: &[Path("/messages/?session_id=")],
        setting: "FastMCP(…, mount_path=\"{p}\"), or the root path of the app it is mounted in",
        keeps: None,
        trap: "",
    },
    KnownApp {
        name: "sqladmin",
        marks: &[Path("/admin/statics/")],
        setting: "nothing of its own: it is a mount, and follows the app's root path",
        keeps: None,
        trap: "",
    },
    KnownApp {
        name: "Next.js",
        marks: &[Path("/_next/static/")],
        setting: "basePath: \"{p}\" in next.config.js, built again, with the prefix kept",
        keeps: Some(true),
        trap: "",
    },
    KnownApp {
        name: "Nuxt",
        marks: &[Path("/_nuxt/")],
        setting: "NUXT_APP_BASE_URL={p}/, with the prefix kept",
        keeps: Some(true),
        trap: "",
    },
    KnownApp {
        name: "SvelteKit",
        marks: &[Path("/_app/immutable/")],
        setting: "kit.paths.base = \"{p}\" in svelte.config.js, built again",
        keeps: None,
        trap: "",
    },
    KnownApp {
        name: "Create React App",
        marks: &[Path("/static/js/main.")],
        setting: "\"homepage\": \"{p}\" in package.json (or PUBLIC_URL={p}), built again",
        keeps: None,
        trap: "",
    },
    KnownApp {
        name: "Vue CLI",
        marks: &[Path("/js/chunk-vendors.")],
        setting: "publicPath: \"{p}/\" in vue.config.js, built again",
        keeps: None,
        trap: "",
    },
    KnownApp {
        name: "Vite",
        marks: &[Path("/assets/index-"), Path("/assets/index."), Path("/@vite/client")],
        setting: "vite build --base={p}/",
        keeps: None,
        trap: "",
    },
    KnownApp {
        name: "Angular",
        marks: &[Page("<app-root")],
        setting: "ng build --base-href {p}/",
        keeps: None,
        trap: "",
    },
    KnownApp {
        name: "Django",
        marks: &[Path("/static/admin/")],
        setting: "FORCE_SCRIPT_NAME = \"{p}\" and STATIC_URL = \"{p}/static/\"",
        keeps: None,
        trap: "",
    },
];

impl KnownApp {
    /// The program that this exchange is about, by its path, its page and its answer's fields.
    pub(super) fn of(case: &Case<'_>) -> Option<&'static Self> {
        ALL.iter().find(|app| app.marks.iter().any(|mark| mark.is_in(case)))
    }

    /// How to tell it its prefix.
    pub(super) fn setting(&self, prefix: &str) -> String {
        format!("{}: {}", self.name, self.setting.replace("{p}", &shown::text(prefix)))
    }

    /// What goes wrong beside.
    pub(super) fn trap(&self, prefix: &str) -> Option<String> {
        (!self.trap.is_empty()).then(|| self.trap.replace("{p}", &shown::text(prefix)))
    }
}

impl Mark {
    fn is_in(self, case: &Case<'_>) -> bool {
        match self {
            Self::Page(text) => case.body().text.contains(text),
            Self::Path(part) => {
                let asked = &case.lanes.original;
                let whole = [asked.path.as_slice(), b"?", asked.query.as_deref().unwrap_or_default()].concat();
                let body = case.body();
                memchr::memmem::find(&whole, part.as_bytes()).is_some()
                    || body.addresses.iter().any(|address| address.url.contains(part))
                    || body.endpoint.as_ref().is_some_and(|endpoint| endpoint.contains(part))
            }
            Self::Field(name) => {
                let head = case.exchange.inner().and_then(|half| half.response.as_ref());
                head.is_some_and(|head| head.get(name).is_some())
            }
        }
    }
}
