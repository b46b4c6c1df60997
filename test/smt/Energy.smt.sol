// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BookLife
/// @notice The life of an energy book: settled at most once, void only when nobody settled.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract BookLife {
    uint256 private constant SETTLEABLE = 200;
    uint256 private constant FALLBACK = 300;
    uint256 private constant VOID = 400;

    uint256 private _now;
    bool private _sealed;
    bool private _settled;
    bool private _voided;
    uint256 private _settlements;

    function pass(uint8 time) external {
        _now += time;
    }

    function commit() external {
        require(!_sealed && _now < SETTLEABLE);
        _sealed = true;
    }

    function settle() external {
        require(!_settled && !_voided && _now < VOID);
        require(_now >= FALLBACK || (_sealed && _now >= SETTLEABLE));
        _settled = true;
        _settlements += 1;
    }

    function void() external {
        require(!_settled && !_voided && _now >= VOID);
        _voided = true;
    }

    /// @notice At most one settlement, and none beside a void; nothing before its time.
    function checkOnce() external view {
        assert(_settlements <= 1);
        if (_voided) assert(_settlements == 0 && _now >= VOID);
        if (_settled) assert(_now >= SETTLEABLE);
    }
}

/// @title BookLifeRefuted
/// @notice A book that may be voided after it was settled: the checker must show both.
contract BookLifeRefuted {
    bool private _settled;
    bool private _voided;

    function settle() external {
        require(!_voided);
        _settled = true;
    }

    function void() external {
        _voided = true;
    }

    function checkOnce() external view {
        if (_voided) assert(!_settled);
    }
}
