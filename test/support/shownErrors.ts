// Effect hands on an error that has failed inside a span as a proxy of it. Chai takes that for an object which shows itself,
// and the error's own way of showing itself is to return itself: a failed expectation would end as a stack overflow.
// oxlint-disable-next-line no-extend-native
Object.defineProperty(Error.prototype, Symbol.for("chai/inspect"), {
  // This file is read again for each file of tests.
  configurable: true,
  value: function(this: Error) {
    return `${this.name}: ${this.message}`
  }
})
