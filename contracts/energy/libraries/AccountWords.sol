// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title AccountWords
/// @notice Reads many words of the ledger's array; indexing it in Solidity is the plain twin.
library AccountWords {
    /// @notice Answers a call with the word of each account number, which must have 32 bits; ABI-encoded as one array.
    function answer(uint256[4294967296] storage words, uint256[] calldata accounts) internal view {
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, 0x20)
            mstore(add(start, 0x20), accounts.length)
            let place := add(start, 0x40)
            let pointer := accounts.offset
            for {
                let end := add(place, shl(5, accounts.length))
            } lt(place, end) {
                place := add(place, 0x20)
                pointer := add(pointer, 0x20)
            } {
                mstore(place, sload(add(words.slot, and(calldataload(pointer), 0xffffffff))))
            }
            return(start, sub(place, start))
        }
    }

    /// @notice Makes the changes of entries (account 32 | signed change 224) from place `i` on, as long as each leaves an
    /// existing account with a balance of 64 bits; `EnergyAccounts.move` does the others one by one.
    /// @return next The first entry not done; the number of entries when all are.
    /// @return sum Of the changes made.
    function change(
        uint256[4294967296] storage words,
        uint256[] calldata entries,
        uint256 i
    ) internal returns (uint256 next, int256 sum) {
        assembly ("memory-safe") {
            let pointer := add(entries.offset, shl(5, i))
            let end := add(entries.offset, shl(5, entries.length))
            for {} lt(pointer, end) {
                pointer := add(pointer, 0x20)
            } {
                let entry := calldataload(pointer)
                let amount := signextend(27, entry)
                if amount {
                    let place := add(words.slot, shr(224, entry))
                    let word := sload(place)
                    let raised := add(and(shr(32, word), 0xffffffffffffffff), amount)
                    if or(shr(64, raised), iszero(word)) {
                        break
                    }
                    sstore(place, add(word, shl(32, amount)))
                    sum := add(sum, amount)
                }
            }
            next := shr(5, sub(pointer, entries.offset))
        }
    }
}
