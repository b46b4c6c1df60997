// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IndexEngine, IndexTerms} from "../insurance/libraries/IndexEngine.sol";

/// @title IndexEngineHarness
/// @notice Lets tests call the index engine, and compare it with its TypeScript twin.
contract IndexEngineHarness {
    /// @notice The index of values given one by one, and what it pays.
    function evaluate(
        IndexTerms calldata terms,
        int128[] calldata values
    ) external pure returns (int256 index, uint256 bps) {
        uint256 run;
        for (uint256 i; i < values.length; ++i) (index, run) = IndexEngine.next(terms, i == 0, index, run, values[i]);
        return (index, IndexEngine.payoutBps(terms, index));
    }

    /// @notice What `index` pays.
    function payoutBps(IndexTerms calldata terms, int256 index) external pure returns (uint256) {
        return IndexEngine.payoutBps(terms, index);
    }

    /// @notice The index of a packed season, in one pass and value by value.
    function measure(
        IndexTerms calldata terms,
        bytes calldata packed
    ) external pure returns (int256 fast, int256 plain) {
        return (IndexEngine.measure(terms, packed), IndexEngine.measurePlainly(terms, packed));
    }

    /// @notice Whether the terms can be settled.
    function isValid(IndexTerms calldata terms, bool ofSeason) external pure returns (bool) {
        return IndexEngine.isValid(terms, ofSeason);
    }
}
