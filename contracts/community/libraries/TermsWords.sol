// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice How long each stage of a repair may take, seconds; fixed when the crew is founded.
struct CrewTerms {
    /// @notice From assignment to acceptance.
    uint24 response;
    /// @notice From acceptance to arrival.
    uint24 arrival;
    /// @notice On site: from arrival to a claim of repair.
    uint24 restore;
    /// @notice Longest wait for parts, all waits of an order together.
    uint24 holdMax;
    /// @notice Seconds the proving readings must span.
    uint24 verifySpan;
    /// @notice Number of proving readings.
    uint8 verifyCount;
    /// @notice Time to bring them.
    uint24 verifyWindow;
    /// @notice Residents' time to dispute.
    uint24 confirmWindow;
    /// @notice Same fault within this time after restoration: redo.
    uint32 warranty;
}

/// @title TermsWords
/// @notice The one slot of a crew's terms, read field by field.
/// @dev | response 24 | arrival 24 | restore 24 | holdMax 24 | verifySpan 24 | verifyCount 8 | verifyWindow 24
///      | confirmWindow 24 | warranty 32 | free 48 |  (most significant first)
library TermsWords {
    function pack(CrewTerms memory terms) internal pure returns (uint256 word) {
        word = (uint256(terms.response) << 232) | (uint256(terms.arrival) << 208) | (uint256(terms.restore) << 184);
        word |= (uint256(terms.holdMax) << 160) | (uint256(terms.verifySpan) << 136);
        word |= (uint256(terms.verifyCount) << 128) | (uint256(terms.verifyWindow) << 104);
        word |= (uint256(terms.confirmWindow) << 80) | (uint256(terms.warranty) << 48);
    }

    function unpackTerms(uint256 word) internal pure returns (CrewTerms memory terms) {
        terms.response = uint24(word >> 232);
        terms.arrival = uint24(word >> 208);
        terms.restore = uint24(word >> 184);
        terms.holdMax = uint24(word >> 160);
        terms.verifySpan = uint24(word >> 136);
        terms.verifyCount = uint8(word >> 128);
        terms.verifyWindow = uint24(word >> 104);
        terms.confirmWindow = uint24(word >> 80);
        terms.warranty = uint32(word >> 48);
    }

    function response(uint256 word) internal pure returns (uint256) {
        return word >> 232;
    }

    function arrival(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 208);
    }

    function restore(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 184);
    }

    function holdMax(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 160);
    }

    function verifyWindow(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 104);
    }

    function confirmWindow(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 80);
    }

    function warranty(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 48);
    }
}
