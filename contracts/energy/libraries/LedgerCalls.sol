// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IEnergyAccounts} from "../interfaces/IEnergyAccounts.sol";

/// @title LedgerCalls
/// @notice Calls the ledger with arrays that are already laid out as calldata: the ABI coder would copy them word by
/// word. Same answers and same reverts as the calls through the interface, which are the plain twins.
library LedgerCalls {
    /// @notice Memory for `length` elements that can be passed to `load` or `move`; three words in front belong to it.
    function list(uint256 length) internal pure returns (uint256[] memory items) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            items := add(free, 0x80)
            mstore(items, length)
            mstore(0x40, add(items, shl(5, add(length, 1))))
        }
    }

    /// @notice Cuts a list off where `end` points.
    function cut(uint256[] memory items, uint256 end) internal pure {
        assembly ("memory-safe") {
            mstore(items, shr(5, sub(sub(end, items), 0x20)))
        }
    }

    /// @notice `ledger.load(accounts)`, for a list made by `list`.
    function load(IEnergyAccounts ledger, uint256[] memory accounts) internal view returns (uint256[] memory words) {
        bytes4 selector = IEnergyAccounts.load.selector;
        assembly ("memory-safe") {
            let length := mload(accounts)
            mstore(sub(accounts, 0x20), 0x20)
            mstore(sub(accounts, 0x40), shr(224, selector))
            let free := mload(0x40)
            if iszero(staticcall(gas(), ledger, sub(accounts, 0x24), add(shl(5, length), 0x44), 0, 0)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            if lt(returndatasize(), add(shl(5, length), 0x40)) {
                revert(0, 0)
            }
            returndatacopy(free, 0, returndatasize())
            words := add(free, 0x20)
            mstore(0x40, add(free, returndatasize()))
        }
    }

    /// @notice `load`, with the words in the place of the accounts.
    function loadOver(
        IEnergyAccounts ledger,
        uint256[] memory accounts
    ) internal view returns (uint256[] memory words) {
        bytes4 selector = IEnergyAccounts.load.selector;
        assembly ("memory-safe") {
            let length := mload(accounts)
            mstore(sub(accounts, 0x20), 0x20)
            mstore(sub(accounts, 0x40), shr(224, selector))
            if iszero(staticcall(gas(), ledger, sub(accounts, 0x24), add(shl(5, length), 0x44), 0, 0)) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            if iszero(eq(returndatasize(), add(shl(5, length), 0x40))) {
                revert(0, 0)
            }
            returndatacopy(sub(accounts, 0x20), 0, returndatasize())
            words := accounts
        }
    }

    /// @notice `ledger.move(entries, residual, upTo)`, for a list made by `list`.
    function move(
        IEnergyAccounts ledger,
        uint256[] memory entries,
        uint32 residual,
        bool upTo
    ) internal returns (int256 residualMicro) {
        bytes4 selector = IEnergyAccounts.move.selector;
        assembly ("memory-safe") {
            let length := mload(entries)
            mstore(sub(entries, 0x20), upTo)
            mstore(sub(entries, 0x40), residual)
            mstore(sub(entries, 0x60), 0x60)
            mstore(sub(entries, 0x80), shr(224, selector))
            if iszero(call(gas(), ledger, 0, sub(entries, 0x64), add(shl(5, length), 0x84), 0, 0x20)) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            residualMicro := mload(0)
        }
    }
}
