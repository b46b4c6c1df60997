// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBookReader} from "../energy/interfaces/IMarketOperator.sol";

/// @title BookBoard
/// @notice A board where anybody commits any book: stands in for the bonded operator in tests of the exchange.
contract BookBoard is IBookReader {
    mapping(uint32 firstSlot => bytes32 root) public rootOf;

    function commit(uint32 firstSlot, bytes32 root) external {
        rootOf[firstSlot] = root;
    }
}
