//! Tests in which the operating system must refuse something, also when root runs them.

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

/// Runs `test` where mode bits bind everybody: on a runtime none of whose threads may look past them.
pub(crate) fn run(test: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(move || {
        let mut held = capabilities(None).expect("capabilities");
        // Threads have their own, and hand them on to those that they start.
        held.effective
            .remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
        set_capabilities(None, held).expect("fewer capabilities");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(test);
    });
    if let Err(failed) = thread.join() {
        std::panic::resume_unwind(failed);
    }
}
