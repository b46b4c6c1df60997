// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {Series} from "../interfaces/IPolicyBook.sol";
import {SeriesId} from "../interfaces/IUnderwritingPool.sol";

/// @title SeriesBlob
/// @notice Keeps a series as the code of an account whose address follows from the book's address and the number.
/// @dev One read costs one cold account instead of a slot a field, and no slot is needed to find it.
library SeriesBlob {
    /// @notice Writes the blob of `series`, once.
    function write(SeriesId id, Series memory series) internal {
        SSTORE2.writeDeterministic(abi.encode(series), bytes32(uint256(SeriesId.unwrap(id))));
    }

    /// @notice The blob of `series` as `book` wrote it.
    /// @return exists False when the book has no such series.
    function read(address book, SeriesId id) internal view returns (bool exists, Series memory series) {
        address pointer = SSTORE2.predictDeterministicAddress(bytes32(uint256(SeriesId.unwrap(id))), book);
        exists = pointer.code.length != 0;
        if (exists) series = abi.decode(SSTORE2.read(pointer), (Series));
    }
}
