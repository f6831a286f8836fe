//! Off the machine and back: archives pushed to a remote and pulled from it, sealed on the way where the owner named
//! for whom.

pub mod seals;
