// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestToken} from "./TestToken.sol";

/// @title FeeToken
/// @notice Keeps 1 % of every transfer, so the receiver gets less than the sender sent.
contract FeeToken is TestToken {
    constructor() TestToken("Fee", "FEE", 18) {}

    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0) && to != address(0)) {
            uint256 fee = value / 100;
            super._update(from, address(0), fee);
            value -= fee;
        }
        super._update(from, to, value);
    }
}

/// @title BlocklistToken
/// @notice Refuses transfers to or from blocked accounts, and all transfers while paused, like the large stablecoins.
contract BlocklistToken is TestToken {
    error AccountBlocked(address account);
    error TokenPaused();

    mapping(address account => bool isBlocked) public blocked;
    bool public paused;

    constructor() TestToken("Block", "BLK", 6) {}

    function setBlocked(address account, bool isBlocked) external {
        blocked[account] = isBlocked;
    }

    function setPaused(bool isPaused) external {
        paused = isPaused;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (paused) revert TokenPaused();
        if (blocked[from]) revert AccountBlocked(from);
        if (blocked[to]) revert AccountBlocked(to);
        super._update(from, to, value);
    }
}

/// @title SilentToken
/// @notice Returns false instead of reverting when a transfer fails.
contract SilentToken is TestToken {
    bool public failing;

    constructor() TestToken("Silent", "SIL", 18) {}

    function setFailing(bool isFailing) external {
        failing = isFailing;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return failing ? false : super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return failing ? false : super.transferFrom(from, to, value);
    }
}

/// @title ReentrantToken
/// @notice Calls a target with prepared data in the middle of each transfer, as an ERC-777 hook would.
contract ReentrantToken is TestToken {
    address public callee;
    bytes public payload;
    bool public lastSucceeded;
    bytes public lastReturn;
    bool private _inside;

    constructor() TestToken("Reenter", "RE", 18) {}

    function arm(address target_, bytes calldata payload_) external {
        callee = target_;
        payload = payload_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (callee != address(0) && !_inside) {
            _inside = true;
            (lastSucceeded, lastReturn) = callee.call(payload);
            _inside = false;
        }
    }
}
