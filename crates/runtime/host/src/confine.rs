//! What a manager gives up before it speaks with anybody.
//!
//! Whoever breaks into the process by what it parses finds no more there than the process needs: no
//! capability but those for networks, no way to more rights through programs that it starts, no system
//! calls that change the machine, and no file to write outside a few folders. Each of the four is taken
//! where the kernel has it; what it has not is said ([`Confined::missing`]), not hidden.
//!
//! The order of threads matters: capabilities and folders are given up by a thread for itself and those
//! that it starts, so [`confine`] is to be called before there are others.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use caps::{CapSet, Capability, CapsHashSet};
use landlock::{
    ABI, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

/// What stays allowed.
#[derive(Clone, Debug, Default)]
pub struct Confinement {
    /// Folders below which files may be written, made and removed. They must exist.
    pub writable: Vec<PathBuf>,
    /// Ports below 1024 may be listened on, interfaces made and routes changed. Without it no
    /// capability is kept at all.
    pub keeps_network_rights: bool,
    /// Named network namespaces may be entered, for interfaces in them. It takes CAP_SYS_ADMIN, which is
    /// much; most of what it allows is forbidden as system calls all the same.
    pub enters_namespaces: bool,
}

/// What holds from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confined {
    /// What was given up, in words.
    pub held: Vec<String>,
    /// What could not be, and why.
    pub missing: Vec<String>,
}

impl fmt::Display for Confined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "given up: {}", self.held.join("; "))?;
        if !self.missing.is_empty() {
            write!(f, "; not given up: {}", self.missing.join("; "))?;
        }
        Ok(())
    }
}

/// The newest version of landlock's rights that is asked for; an older kernel gives what it has.
const LANDLOCK: ABI = ABI::V6;

/// Gives up what is not needed. To be called while the process is one thread.
pub fn confine(confinement: &Confinement) -> Confined {
    let mut confined = Confined::default();
    let mut note = |what: &str, done: Result<String, String>| match done {
        Ok(held) => confined.held.push(held),
        Err(why) => confined.missing.push(format!("{what} ({why})")),
    };
    note("capabilities", give_up_capabilities(confinement));
    note("new rights through programs", give_up_new_privileges());
    note("writing elsewhere", give_up_writing(&confinement.writable));
    note("system calls", give_up_system_calls(confinement.enters_namespaces));
    confined
}

/// Needed for interfaces, addresses and routes; for a server's port; for the frames of PPPoE and PPTP's GRE.
const NETWORK: [Capability; 3] =
    [Capability::CAP_NET_ADMIN, Capability::CAP_NET_BIND_SERVICE, Capability::CAP_NET_RAW];

fn give_up_capabilities(confinement: &Confinement) -> Result<String, String> {
    let wanted = |c: &Capability| {
        (confinement.keeps_network_rights && NETWORK.contains(c))
            || (confinement.enters_namespaces && *c == Capability::CAP_SYS_ADMIN)
    };
    let told = |e: caps::errors::CapsError| e.to_string();
    let permitted = caps::read(None, CapSet::Permitted).map_err(told)?;
    let kept: CapsHashSet = permitted.iter().copied().filter(wanted).collect();
    // The bound on what programs can gain; only who may change it is asked to.
    if permitted.contains(&Capability::CAP_SETPCAP) {
        let bound = caps::read(None, CapSet::Bounding).map_err(told)?;
        for capability in bound.difference(&kept) {
            caps::drop(None, CapSet::Bounding, *capability).map_err(told)?;
        }
    }
    caps::clear(None, CapSet::Ambient).map_err(told)?;
    // systemd may have done it already, and forbidden to do it again.
    let inheritable = caps::read(None, CapSet::Inheritable).map_err(told)?;
    if permitted != kept || !inheritable.is_empty() {
        caps::set(None, CapSet::Inheritable, &CapsHashSet::new()).map_err(told)?;
        caps::set(None, CapSet::Effective, &kept).map_err(told)?;
        caps::set(None, CapSet::Permitted, &kept).map_err(told)?;
    }
    let mut names: Vec<_> = kept.iter().map(ToString::to_string).collect();
    names.sort();
    Ok(match names.is_empty() {
        true => "all capabilities".to_owned(),
        false => format!("all capabilities but {}", names.join(" and ")),
    })
}

fn give_up_new_privileges() -> Result<String, String> {
    nix::sys::prctl::set_no_new_privs().map_err(|e| e.to_string())?;
    Ok("new rights through programs".to_owned())
}

fn give_up_writing(folders: &[PathBuf]) -> Result<String, String> {
    let told = |e: landlock::RulesetError| e.to_string();
    let writing = AccessFs::from_write(LANDLOCK);
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(writing)
        .map_err(told)?
        .create()
        .map_err(told)?
        .add_rules(path_beneath_rules(folders, writing))
        .map_err(told)?
        .restrict_self()
        .map_err(told)?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("this kernel has no landlock".to_owned()),
        _ => {
            let folders: Vec<_> = folders.iter().map(|f| f.display().to_string()).collect();
            Ok(format!("writing outside {}", folders.join(", ")))
        }
    }
}

/// System calls that a manager has no use for, and a guest would have.
const FORBIDDEN: [libc::c_long; 48] = [
    // The tree of files, and other trees.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_fsconfig,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // Other namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    // The memory of other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    // The kernel itself.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_syslog,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_personality,
    libc::SYS_acct,
    libc::SYS_vhangup,
    // The clock and the names of the machine.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    // The keys of others.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
];

/// Those that glibc tries first and does without where they are not there: how a namespace would be
/// made with clone3 cannot be seen by a filter.
const ABSENT: [libc::c_long; 1] = [libc::SYS_clone3];

/// clone(2) may start threads and programs, and no namespaces.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

fn give_up_system_calls(enters_namespaces: bool) -> Result<String, String> {
    let told = |e: seccompiler::Error| e.to_string();
    for program in filters(enters_namespaces).map_err(|e| e.to_string())? {
        apply_filter_all_threads(&program).map_err(told)?;
    }
    let allowed = usize::from(enters_namespaces);
    Ok(format!("{} system calls", FORBIDDEN.len() + ABSENT.len() - allowed))
}

/// All programs are in force at once; the strictest word of them counts.
fn filters(enters_namespaces: bool) -> Result<Vec<BpfProgram>, seccompiler::BackendError> {
    let errno = |number: i32| SeccompAction::Errno(number.unsigned_abs());
    let is_forbidden = |number: &i64| !(enters_namespaces && *number == libc::SYS_setns);
    let forbidden = FORBIDDEN.into_iter().filter(is_forbidden);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        forbidden.map(|number| (number, Vec::new())).collect();
    let mut makes_namespaces = Vec::new();
    for flag in NAMESPACES {
        let flag = u64::from(flag.unsigned_abs());
        let has = SeccompCmpOp::MaskedEq(flag);
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, has, flag)?;
        makes_namespaces.push(SeccompRule::new(vec![condition])?);
    }
    rules.insert(libc::SYS_clone, makes_namespaces);
    let absent = ABSENT.into_iter().map(|number| (number, Vec::new())).collect();
    [(rules, errno(libc::EPERM)), (absent, errno(libc::ENOSYS))]
        .into_iter()
        .map(|(rules, answer)| {
            let arch = TargetArch::try_from(std::env::consts::ARCH)?;
            SeccompFilter::new(rules, SeccompAction::Allow, answer, arch)?.try_into()
        })
        .collect()
}
