//! Choices of a config: the algorithm, the prior. A choice is a table, `[prior.huber]`, and everything that belongs to
//! it is in one file: the keys, a name, a formula with its source, what it takes of the machine, how it is built.
//!
//! `choices!` makes of one list of such tables the enum that a config is read into, its JSON Schema, and the list of
//! everything that there is, which the command line prints and which every general test runs over.

mod conflict;

pub use conflict::Conflict;
pub(crate) use conflict::missing;

/// An enum of tables. Each implements the trait `$Table`, whose `entry()` is what there is to know of it without a
/// value: `name`, the variant in kebab case (held by a test), and `summary`, what the schema says of it.
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $Choice:ident, tables of $Table:ident, entries of $Entry:ident:
        $($Variant:ident($Config:ty),)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum $Choice {
            $(
                #[doc = concat!("See [`", stringify!($Config), "`].")]
                #[schemars(description = <$Config as $Table>::entry().summary)]
                $Variant($Config),
            )*
        }

        impl $Choice {
            /// Everything that there is, in the order of the list.
            pub fn all() -> Vec<$Entry> {
                vec![$(<$Config as $Table>::entry()),*]
            }

            /// What there is to know of the chosen one.
            pub fn entry(&self) -> $Entry {
                match self {
                    $(Self::$Variant(_) => <$Config as $Table>::entry(),)*
                }
            }

            /// Name of the table.
            pub fn name(&self) -> &'static str {
                self.entry().name
            }

            /// The table of the chosen one.
            fn table(&self) -> &dyn $Table {
                match self {
                    $(Self::$Variant(table) => table,)*
                }
            }
        }

        $(
            impl From<$Config> for $Choice {
                fn from(table: $Config) -> Self {
                    Self::$Variant(table)
                }
            }
        )*
    };
}
pub(crate) use choices;
