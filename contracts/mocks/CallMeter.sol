// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CallMeter
/// @notice Measures what one view call costs a contract that makes it, for the benches.
contract CallMeter {
    error CallMeterFailed(bytes reason);

    /// @notice Gas spent by a static call: 100 for the call to a warm account plus everything the callee does.
    /// @dev Reading the code size first pays for the cold account (2,600), which a caller owes for any contract whatever
    /// it does; the callee's storage stays cold.
    function measure(address target, bytes memory data) external view returns (uint256 gasSpent, bytes memory result) {
        require(target.code.length > 0);
        bool success;
        uint256 before = gasleft();
        (success, result) = target.staticcall(data);
        gasSpent = before - gasleft();
        if (!success) revert CallMeterFailed(result);
    }
}
