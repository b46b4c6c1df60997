// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BookLife
/// @notice The life of an energy book: committed before its gate, settled once, void only when nobody settled.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract BookLife {
    enum State {
        Open,
        Sealed,
        Committed,
        Fallback,
        Void
    }

    uint256 private _now;
    State private _state;
    uint256 private constant GATE = 100;
    uint256 private constant SETTLEABLE = 200;
    uint256 private constant FALLBACK = 300;
    uint256 private constant VOID = 400;

    uint256 private _sealedAt;
    uint256 private _endedAt;
    uint256 private _settlements;

    function pass(uint16 time) external {
        require(_now <= type(uint256).max - time);
        _now += time;
    }

    function commit() external {
        require(_state == State.Open && _now < GATE);
        _state = State.Sealed;
        _sealedAt = _now;
    }

    function settleCommitted() external {
        require(_state == State.Sealed && _now >= SETTLEABLE && _now < FALLBACK);
        _end(State.Committed);
    }

    function settleFallback() external {
        require((_state == State.Open || _state == State.Sealed) && _now >= FALLBACK && _now < VOID);
        _end(State.Fallback);
    }

    function void() external {
        require((_state == State.Open || _state == State.Sealed) && _now >= VOID);
        _state = State.Void;
        _endedAt = _now;
    }

    function _end(State state) private {
        _state = state;
        _settlements += 1;
        _endedAt = _now;
    }

    /// @notice At most one settlement, and none beside a void.
    function checkOnce() external view {
        assert(_settlements <= 1);
        if (_state == State.Void) assert(_settlements == 0);
        if (_state == State.Open || _state == State.Sealed) assert(_settlements == 0);
    }

    /// @notice Each end has its own time, so the operator cannot choose between them after the fact.
    function checkTimes() external view {
        if (_state == State.Committed) assert(_sealedAt < GATE && _endedAt >= SETTLEABLE && _endedAt < FALLBACK);
        if (_state == State.Fallback) assert(_endedAt >= FALLBACK && _endedAt < VOID);
        if (_state == State.Void) assert(_endedAt >= VOID);
    }
}

/// @title BookLifeRefuted
/// @notice A book that may be committed whenever it is open: the checker must show a book sealed after its gate.
contract BookLifeRefuted {
    uint40 private _now;
    uint40 private _sealedAt;
    bool private _sealed;

    function pass(uint16 time) external {
        require(_now <= type(uint40).max - time);
        _now += time;
    }

    function commit() external {
        require(!_sealed);
        (_sealed, _sealedAt) = (true, _now);
    }

    function checkGate() external view {
        if (_sealed) assert(_sealedAt < 100);
    }
}
