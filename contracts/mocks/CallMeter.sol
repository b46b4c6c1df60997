// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CallMeter
/// @notice Measures what one view call costs a contract that makes it, for the benches.
contract CallMeter {
    error MeteredCallFailed(bytes reason);

    /// @notice Gas of a static call, the cold account access (2,600) included.
    function measure(address target, bytes memory data) external view returns (uint256 used) {
        (used, ) = _measure(target, data);
    }

    /// @notice Gas of a static call to an account touched before: 100 for the call plus everything the callee does,
    /// its storage still cold.
    function measureInner(
        address target,
        bytes memory data
    ) external view returns (uint256 used, bytes memory result) {
        require(target.code.length > 0);
        return _measure(target, data);
    }

    function _measure(address target, bytes memory data) private view returns (uint256 used, bytes memory result) {
        bool success;
        uint256 before = gasleft();
        (success, result) = target.staticcall(data);
        used = before - gasleft();
        if (!success) revert MeteredCallFailed(result);
    }
}
