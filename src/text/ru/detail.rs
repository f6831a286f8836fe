//! What stands behind a finding, or behind a doubt whether a session is in use, in Russian. The rooms that look say it in
//! fixed English words, which `--json` keeps; what SQLite says itself, and names and numbers, stay as they are.

/// The fixed words, longer ones before those they contain.
const WORDS: [(&str, &str); 34] = [
    ("processes of its owner that can't be looked into", "процессы её владельца, в которые нельзя заглянуть"),
    ("locked by a process that can't be seen", "закрыт процессом, которого не видно"),
    ("SingletonLock: host ", "SingletonLock: машина "),
    (", process ", ", процесс "),
    ("a batch has another number of entries than it says", "в пачке не столько записей, сколько в ней указано"),
    ("a block is compressed in an unknown way", "блок сжат неизвестным способом"),
    ("a block claims an impossible length", "у блока невозможная длина"),
    ("a block can't be decompressed", "блок не распаковывается"),
    ("a block fails its checksum", "у блока не сходится контрольная сумма"),
    ("a block can't be read", "блок не читается"),
    ("a batch can't be read", "пачка не читается"),
    ("a record is longer than its block", "запись длиннее своего блока"),
    ("a record fails its checksum", "у записи не сходится контрольная сумма"),
    ("a record of unknown type", "запись неизвестного вида"),
    ("a record has no start", "у записи нет начала"),
    ("a record has no end", "у записи нет конца"),
    ("zeros before further data", "нули перед дальнейшими данными"),
    ("an edit that can't be", "невозможная правка"),
    ("ends before it says the state", "обрывается раньше, чем сказано состояние"),
    ("names no MANIFEST", "не называет MANIFEST"),
    ("the footer's magic number is wrong", "в конце таблицы не та подпись"),
    ("the footer is wrong", "конец таблицы неверен"),
    ("shorter than a footer", "короче конца таблицы"),
    ("the index leaves a gap", "в указателе пропуск"),
    ("outside the file", "за пределами файла"),
    ("a reference to blobs can't be read", "ссылка на вложения не читается"),
    ("no item or database that is known", "нет ни одной известной записи или базы"),
    ("has an unknown form", "имеет неизвестный вид"),
    ("unknown form", "неизвестный вид"),
    ("is missing", "отсутствует"),
    ("is there", "есть"),
    (" bytes", " байт"),
    (" of ", " из "),
    ("offset ", "смещение "),
];

/// The same in Russian.
pub(in crate::text) fn detail(english: &str) -> String {
    if english == "missing" {
        return "отсутствует".to_owned();
    }
    WORDS.iter().fold(english.to_owned(), |text, (en, ru)| text.replace(en, ru))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_words_are_told_in_russian_and_names_stay() {
        for (en, ru) in [
            ("100 of 3141 bytes", "100 из 3141 байт"),
            ("offset 512: a record fails its checksum", "смещение 512: у записи не сходится контрольная сумма"),
            ("WANoiseInfo is missing", "WANoiseInfo отсутствует"),
            ("last-wid-md is missing, WALid is there", "last-wid-md отсутствует, WALid есть"),
            ("/me/id", "/me/id"),
        ] {
            assert_eq!(detail(en), ru);
        }
    }

    /// Each stands after those that contain it, or it would take their words.
    #[test]
    fn no_word_hides_behind_a_shorter_one() {
        for (n, (long, _)) in WORDS.iter().enumerate() {
            let hidden = WORDS[..n].iter().find(|(short, _)| long.contains(short));
            assert!(hidden.is_none(), "{long}");
        }
    }
}
