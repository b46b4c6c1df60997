// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title AccountWords
/// @notice Reads many words of the ledger's array; indexing it in Solidity is the plain twin.
library AccountWords {
    /// @notice The word of each account number, which must have 32 bits.
    function load(
        uint256[4294967296] storage words,
        uint256[] calldata accounts
    ) internal view returns (uint256[] memory found) {
        found = new uint256[](accounts.length);
        assembly ("memory-safe") {
            let place := add(found, 0x20)
            let pointer := accounts.offset
            for {
                let end := add(place, shl(5, accounts.length))
            } lt(place, end) {
                place := add(place, 0x20)
                pointer := add(pointer, 0x20)
            } {
                mstore(place, sload(add(words.slot, and(calldataload(pointer), 0xffffffff))))
            }
        }
    }
}
